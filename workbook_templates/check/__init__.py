"""`check.xlsx`: one block computed by native formulas and by the functions, and how far the two differ.

It is a separate workbook because `5_pure_formulas.xlsx` may not use our functions, and the anatomy workbook would
grow by all the weights of a block.
"""

from __future__ import annotations

from udfs.backend import catalogue, model_text
from udfs.models.demo.prompts import ADVERB, TUESDAY
from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.bands import AFTER_STATISTICS, BandPage
from workbook_templates.block import InCells, Summary, write_steps
from workbook_templates.book import Book
from workbook_templates.check.tabs import WEIGHTS, labels, write_comparison, write_functions, write_weights
from workbook_templates.model_map import Box, text_box, tokens_box, write_model_map
from workbook_templates.next_tokens import TOKEN_TABLE, write_tokens
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.pure.weights import block_weights
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Change, Try
from workbook_templates.stops import Stop

PROMPT = ADVERB
_CHANGED = 17  # the index of the bias to change

_TAB = PromptTab(
    template="check",
    token_table=TOKEN_TABLE,
)
STOPS = (
    Stop(
        "Prompt",
        "Type the text and choose the model.",
        "One block of the model is computed twice: by native formulas, and by the functions GPT2_...",
    ),
    Stop(
        "Tokens",
        "The pieces of the text, and the most likely next tokens.",
        "Both computations of the block begin with these tokens.",
    ),
    Stop(
        "Result",
        "How far each native step differs from the function's.",
        "Compare the largest difference with the largest value: it is smaller by a factor of about a million.",
    ),
    Stop(
        "Functions",
        "The block, step by step, computed by the functions.",
        "Each step is one formula. It reads the values of the step before it.",
    ),
    Stop(
        "Native",
        "The same steps in native formulas.",
        "No formula on this tab calls a function of ours. Click one to see which cells it reads.",
    ),
    Stop(
        "Weights",
        "All weights of the block.",
        "An edit in the model text shows up here, and so reaches the native formulas as well.",
    ),
)
_WEIGHT = {"weight": ("0.123", "Weight: a number learned in training. The model text can change it.")}


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab, for the block in the middle of the model."""
    name = model_text.parse(model or "").name or catalogue.default_name()
    config = catalogue.load(name).config
    layer = config.n_layer // 2
    start = start_tab.start_page(book)
    prompt_cell = write_prompt(book, _TAB, PROMPT if prompt is None else prompt, model)
    write_tokens(book)
    result = Page(book, "Result", (24, 16, 16, 60), kind="result")
    functions = write_functions(book, config, layer)
    page = BandPage(
        book,
        "Native",
        f"Block {layer} in native formulas",
        (
            "Every step of the block with MMULT, EXP, SUM and other built-in functions. The weights are on the tab "
            "Weights.",
            "The tab Functions computes the same steps with the functions. The tab Result shows how far the two "
            "differ.",
        ),
        labels=labels(book),
        first=AFTER_STATISTICS,
    )
    summary = Summary(page, answer=False)
    weights = block_weights(config, layer, WEIGHTS)
    block = write_steps(page, functions["stream"], InCells(weights))
    summary.fill(block)
    page.finish()
    write_weights(book, config, layer)
    worst = write_comparison(result, block, functions)
    weight = weights["mlp.c_fc.bias"].columns(_CHANGED, 1).there
    changed = f"{name} ; set h.{layer}.mlp.c_fc.bias[{_CHANGED}] = 0.5"
    _write_start(start, changed, weight, layer, (prompt_cell, block.first_edit, worst))


def _write_start(page: Page, changed: str, weight: str, layer: int, cells: tuple[str, str, str]) -> None:
    """Writes the tab Start.

    changed: a model text with one changed weight, to try
    weight: the address of that weight
    cells: the prompt, the first edit cell on the tab Native, and the largest difference
    """
    prompt, edit, worst = cells
    page.furniture(
        "Are the functions right? One block, computed twice",
        (
            f"Block {layer} twice: by the spreadsheet's own formulas, with the weights in cells, and by the functions.",
            f"Cell {worst} of the tab Result has the largest difference. It should be about 0.",
        ),
    )
    path = (
        text_box("Prompt"),
        tokens_box("Tokens"),
        Box("Functions", f'"Block {layer}, one call a step"', "Functions"),
        Box("Native", f'"Block {layer}, in plain formulas"', "Native"),
        Box("Result", 'IF(ISNUMBER(largest_difference),TEXT(largest_difference,"0.0E+00"),"")', "Difference"),
    )
    write_model_map(page, "One block, computed twice", path)
    start_tab.now(page)
    page.text(page.row - 1, start_tab.LINK, "Largest difference", page.style.bold)
    page.plain(page.row - 1, start_tab.TEXT, "largest_difference", page.style.check)
    page.mark_errors(page.row - 1, start_tab.TEXT)
    page.row += 1
    tries = (
        Try(
            "Prompt", prompt, TUESDAY, "Both compute the new prompt, and they still agree.", "next_token", " Wednesday"
        ),
        Try(
            "Native",
            edit,
            "50",
            "Only the native formulas see this edit. The tab Result shows how the difference grows from step to step.",
            "largest_difference",
            Change.MORE,
        ),
        Try(
            "Prompt",
            "B7",
            changed,
            "The model text changes the weight for the functions and in the cells that GPT2_WEIGHT fills.",
            weight,
            0.5,
        ),
    )
    start_tab.things_to_try(
        page, tries, "To undo, clear the yellow cells, or close the file without saving and open it again."
    )
    start_tab.tabs(page)
    start_tab.legend(page, look.LEGEND | _WEIGHT)
    start_tab.finish(page)
