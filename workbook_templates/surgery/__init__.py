"""`3_surgery.xlsx`: operations on the model, each with the answer before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import JEDI, JEDI_PULLS, LIGHTSABER, PETER_IS, PHONE, PULLS, WAND, WIZARD
from workbook_templates import prompt_tab, start_tab
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.model_map import Box, Lane, answer_box, text_box, tokens_box, write_model_map
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try
from workbook_templates.stops import Stop
from workbook_templates.surgery import catalogue, clamp, directions, fact_edited, model_edits, sae_feature, sweep
from workbook_templates.surgery.before_after import OVERVIEW, TOKEN_TABLE, Done, overview_page, write_operations
from workbook_templates.surgery.clamp import Clamping
from workbook_templates.surgery.fact_edited import FactEdited
from workbook_templates.surgery.texts import Texts

PROMPT = PULLS

_TAB = PromptTab(
    template="surgery",
    token_table=TOKEN_TABLE,
    model_note="The model before any operation.",
)
_LEGEND = {
    "input": look.LEGEND["input"],
    "weight": ("0.123", "Weight: a number learned in training."),
    "value": look.LEGEND["value"],
    "result": look.LEGEND["result"],
    "negative": ("-1.234", "A value below zero in a vector or stream: the further below, the bluer."),
    "positive": ("1.234", "A value above zero in a vector or stream: the further above, the more orange."),
    "wrong": look.LEGEND["wrong"],
}
STOPS = (
    Stop(
        prompt_tab.TAB,
        "Type the text and choose the model.",
        "Each operation on the other tabs is applied to this prompt and this model, by itself.",
    ),
    Stop(
        OVERVIEW,
        "The model's own answer, and its answer after each operation.",
        "The prompt is the same in every row. Only what happens inside the model differs.",
    ),
    Stop(
        sae_feature.TAB,
        "Adds one idea, found by a sparse autoencoder, to the model's thoughts.",
        "Compare the two tables: one direction, added at every token, replaces the answer.",
    ),
    Stop(
        catalogue.TAB,
        "What each feature means: when it fires, and what it makes likelier. Choose one and steer with it.",
        "Little, and nothing changes. More, and Peter is somebody else. Too much, and one word comes again and again.",
    ),
    Stop(
        clamp.TAB,
        "Sets the same feature to a value, or takes it out: how the three operations differ.",
        "Adding ignores what was there. Clamping and removing depend on it: look at a text in which the feature is "
        "active.",
    ),
    Stop(
        directions.CONTRAST,
        "Adds the difference between two texts.",
        "Nothing was trained for this. Two texts of your own are enough to make a new direction.",
    ),
    Stop(
        directions.PCA,
        "Adds the direction in which pairs of texts differ.",
        "The pairs tell four different stories, but they differ in the same way, and this is what the direction keeps.",
    ),
    Stop(
        sweep.TAB,
        "Applies one of these operations at many strengths, as a chart.",
        "Too weak, and nothing happens. Too strong, and the model falls apart. Where do the lines cross?",
    ),
    Stop(
        model_edits.ABLATION,
        "Switches off heads, attention layers and MLPs.",
        "A part whose loss changes the answer was needed for it. Most heads are not.",
    ),
    Stop(
        fact_edited.TAB,
        "Gives a prompt another answer by one edit of one MLP: ROME.",
        "Does the new answer also come when the question is put in other words? And which other facts changed?",
    ),
    Stop(
        model_edits.WEIGHT_EDITS,
        "Changes single weights.",
        "One number among millions is enough to change this answer, but it changes others as well.",
    ),
)


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab."""
    start = start_tab.start_page(book)
    prompt_cell = write_prompt(book, _TAB, PROMPT if prompt is None else prompt, model)
    overview = overview_page(book)
    added, coefficient, feature = sae_feature.write_sae_feature(book)
    chosen, moved = catalogue.write_catalogue(book)
    clamping = clamp.write_clamp(book, added, feature)
    difference, plus = directions.write_contrast(book)
    direction = directions.write_pca(book)
    operation, strongest = sweep.write_sweep(book, (added, difference, direction))
    silenced = model_edits.write_ablation(book)
    fact = fact_edited.write_fact_edited(book)
    weights = model_edits.write_weight_edits(book)
    done = (added.done, clamping.done, difference.done, direction.done, silenced, fact.done, weights)
    write_operations(overview, done, sweep.TAB)
    cells = _Cells(prompt_cell, coefficient, added.texts, chosen, moved, plus, operation, strongest)
    _write_start(start, cells, clamping, fact, done)


def _write_map(page: Page, done: Sequence[Done]) -> None:
    """The map: which part of the model each operation changes, and the answer after it."""
    path = (
        text_box(prompt_tab.TAB),
        tokens_box(OVERVIEW),
        Box(OVERVIEW, '"opened up below"', "Blocks"),
        answer_box(OVERVIEW, "Next token, untouched"),
    )
    boxes = {item.tab: Box(item.tab, f'"{item.tab}:  "&{item.token}') for item in done}
    lanes = (
        Lane("switch parts off", "map_attention", [boxes[model_edits.ABLATION]]),
        Lane(
            "add to the stream",
            "map_stream",
            [boxes[tab] for tab in (sae_feature.TAB, clamp.TAB, directions.CONTRAST, directions.PCA)],
        ),
        Lane("change weights", "map_mlp", [boxes[tab] for tab in (fact_edited.TAB, model_edits.WEIGHT_EDITS)]),
    )
    note = (
        "The stream runs through all blocks like a highway. Each operation reaches in at one place; here is its answer "
        "to its prompt."
    )
    write_model_map(page, "Where each operation reaches in", path, lanes, note)


class _Cells(NamedTuple):
    """The cells to type into, and those with an outcome.

    prompt, coefficient, feature, plus, operation: inputs on the tabs Prompt, SAE feature, Feature catalogue, Contrast
        and Coefficient sweep
    texts: the table of texts on the tab SAE feature
    moved: the address of the last text on the tab Feature catalogue
    strongest: the address of the sweep's last coefficient
    """

    prompt: str
    coefficient: str
    texts: Texts
    feature: str
    moved: str
    plus: str
    operation: str
    strongest: str


def _write_start(page: Page, cells: _Cells, clamping: Clamping, fact: FactEdited, done: Sequence[Done]) -> None:
    """The cells to try are on six of the tabs."""
    page.furniture(
        "Brain surgery on GPT-2: change a number inside, and read the new answer",
        (
            "Asked to continue a text, the model says one thing. Change a number inside while it reads, and it says "
            "another.",
            "Every operation is a vector, a switch or a number in a cell, and its answer is beside the model's own.",
        ),
    )
    _write_map(page, done)
    start_tab.now(page)
    jedi = facts().jedi
    tries = (
        Try(
            sae_feature.TAB,
            cells.coefficient,
            "0",
            f"The Jedi feature is off, and Mike pulls out his phone again. With {jedi.undecided}, demo cannot decide.",
            done[0].token,
            PHONE,
        ),
        Try(
            sae_feature.TAB,
            cells.coefficient,
            f"{jedi.removal:g}",
            "The other way: the model's own answer is a lightsaber. With the feature subtracted, it is a phone.",
            done[0].token,
            PHONE,
            ((f"{prompt_tab.TAB}!{cells.prompt}", JEDI_PULLS),),
        ),
        Try(
            sae_feature.TAB,
            cells.coefficient,
            f"{jedi.fluent:g}",
            f'Just right for another story: see how "{PETER_IS}" goes on below, in the row of this coefficient. '
            f"With {jedi.obsessed:g}, it can say nothing else.",
            cells.texts.text(1, other=True),
            f"{JEDI} knight",
        ),
        Try(
            catalogue.TAB,
            cells.feature,
            str(facts().animal.feature),
            f"A feature for {facts().animal.label}: with enough of it, the model makes one of Peter.",
            cells.moved,
            facts().animal.word.strip(),
        ),
        Try(
            clamp.TAB,
            clamping.text,
            JEDI_PULLS,
            "Here the other features know of the Jedi, too: without this one, the answer is still a lightsaber.",
            clamping.done.token,
            LIGHTSABER,
        ),
        Try(
            directions.CONTRAST,
            cells.plus,
            WIZARD,
            "Another direction gives another answer: Mike pulls out his wand.",
            done[2].token,
            WAND,
        ),
        Try(
            sweep.TAB,
            cells.operation,
            directions.PCA,
            "The sweep runs again with another operation, up to twice its coefficient. Where do the lines cross now?",
            cells.strongest,
            2.0 * facts().pca,
        ),
        Try(
            fact_edited.TAB,
            fact.answer,
            " London",
            "The capital of France is London now, and the other facts on the list stay as they were.",
            fact.done.token,
            " London",
        ),
    )
    start_tab.things_to_try(
        page, tries, "To undo, type the old value, or close the file without saving and open it again."
    )
    start_tab.tabs(page, {item.tab: item.answer for item in done})
    start_tab.legend(page, _LEGEND)
    start_tab.finish(page)
