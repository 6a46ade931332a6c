"""Writes a page for each workbook into `docs/workbooks`: `python -m tests.docs.workbook_pages` makes them anew.

The tabs, inputs and things to try are those that the workbooks declare. Only the introductions are written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest

from tests.workbook_templates.files import few_tokens
from workbook_templates import BUILDERS, FORMULAS_ONLY, OWN_MODEL, TEMPLATES, build, start_tab
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try
from workbook_templates.stops import COMMON, Stop, family
from workbook_templates.tour_stops import stops_of_tour

FOLDER = Path(__file__).parents[2] / "docs" / "workbooks"


@dataclass(frozen=True)
class Introduction:
    """What a page has that the workbook does not declare.

    pictures: a text that describes each picture, by its file in `docs`
    inputs: by tab, what one can change, if the labels of its inputs do not say it
    size, calculates: of the file that `gpt2-excel new` writes for Excel, and how long another prompt takes
    """

    title: str
    question: str
    text: str
    pictures: Mapping[str, str]
    size: str
    calculates: str
    inputs: Mapping[str, str] = field(default_factory=dict)


_HEADLESS = (
    "Another prompt takes {} without a spreadsheet program "
    "(`python -m tests.benchmarks.hosts --host headless --template {}`)."
)
_GRID = "a grid of yellow cells under the stream: a number typed there replaces the number above it"

INTRODUCTIONS = {
    "anatomy": Introduction(
        "Anatomy",
        "How does a text become the next token?",
        """\
The prompt goes through the whole model, tab by tab: tokens, embeddings, twelve blocks, the language head. Every step is
a band of cells with a row for each token and a column for each channel. LayerNorm, scores, softmax, GELU and the
additions are the spreadsheet's own formulas, so you can click any of them and see which cells it reads. Only the
products with the learned matrices are calls of `=GPT2_LINEAR()`.

The guide follows this workbook in its chapters from [Tokens](../guide/tokens.md) to
[The language head](../guide/head.md).""",
        {"pictures/block.png": "The top of a block: where each head looks, the stream, cells for edits, and LayerNorm"},
        "4.0 MB",
        _HEADLESS.format("0.4 s", "anatomy"),
        {
            "Block": f"{_GRID}; a row that is added to every token, and its coefficient",
            "Head": "a yellow row under the last row of the stream; the temperature",
            "Weights": "a table of edits: set a weight, or scale a head, an attention layer or an MLP",
        },
    ),
    "mri": Introduction(
        "MRI",
        "Where in the model does an answer come from?",
        """\
The model reads the prompt and answers as usual. The tabs look inside while it does so: what it would say if it stopped
early, where each head looks, which words, parts and neurons the answer depends on, and which few parts are enough for
it. Nothing here changes the model.

[The logit lens](../guide/lens.md) and [Attention](../guide/attention.md) in the guide begin here.""",
        {
            "pictures/lens.png": "The tab Logit lens: what the model would predict after each layer",
            "pictures/neurons.png": "The tab Neurons: the neurons that add most to the answer",
        },
        "0.2 MB",
        _HEADLESS.format("1.3 s", "mri"),
        {"Circuit": "the ticks of the heads and MLPs that work; what the others give; the prompts and their answers"},
    ),
    "surgery": Introduction(
        "Surgery",
        "What happens if we change what it thinks?",
        """\
Each tab is an operation on the model: a vector added to the residual stream, a feature held at a value, a part switched
off, a fact rewritten, a weight changed. Each shows the answer before and after, and the [model text](../model.md) that
does the same in any function.

[Jedi](../guide/jedi.md) and [Surgery](../guide/surgery.md) in the guide use this workbook.""",
        {
            "pictures/surgery.png": "The tab SAE feature: Mike pulls out a phone before, and a lightsaber after it",
            "pictures/sweep.png": "The tab Coefficient sweep: where the two lines cross, the answer changes",
        },
        "0.2 MB",
        _HEADLESS.format("1.4 s", "surgery"),
        {
            "Ablation": "the prompt; a table of edits: what, where, amount; the prompts for the mean",
            "A fact edited": "prompt, subject, new answer, block; the list of other prompts",
            "Weight edits": "a table of edits: tensor, row, column, new value",
        },
    ),
    "generation": Introduction(
        "Generation",
        "How do probabilities become a text?",
        """\
The model gives a probability to every next token, and no more than that. Somebody has to choose. The tabs show the ways
to choose: always the most likely token, one drawn at random with a temperature, the text that is best as a whole, or
one that a small model drafts and a large one checks. The others show how surprised the model is by a text, how one
token turns a story, and what a program may keep from one step to the next.""",
        {
            "pictures/temperature.png": "The tab Temperature: the next token's probabilities at five temperatures",
            "pictures/rewind.png": "The tab Rewind: one other token, and the story is about a Jedi",
        },
        "0.1 MB",
        _HEADLESS.format("1.6 s", "generation"),
    ),
    "pure": Introduction(
        "Pure formulas",
        "Does it need any code?",
        """\
No. This is the whole model in the spreadsheet's own functions, none of them newer than Excel 2016: cutting the text
into tokens, the embeddings, twelve blocks, the head. Every weight is in a cell, and you may type over it. It needs no
installation, and it calculates in Excel 2016 and later, LibreOffice and Google Sheets.

The file is a download of each release, because it is too large for the repository. `gpt2-excel new pure` makes it.
With `--model gpt2` it makes one of the real GPT-2 small, which is much larger: see [GPT-2 in formulas](../pure.md).""",
        {"pictures/pure.png": "The tab Start: what each block adds to the answer"},
        "11.2 MB",
        "LibreOffice opens it in 18 s, and computes it anew in 5 s (`python -m tests.benchmarks.pure_formulas`).",
        {"Block": _GRID, "Weights": "every weight", "Vocabulary": "every weight", "Positions": "every weight"},
    ),
    "by_hand": Introduction(
        "By hand",
        "Could I do this on paper?",
        """\
A language model with a vocabulary of a few words, four channels, one attention head and two neurons, small enough for
pencil and paper. It has the parts of GPT-2 in the same order. You fill in the blanks; each is checked as soon as you
press Enter. It needs no installation, and it works in every spreadsheet program. The idea is that of Tom Yeh's
"AI by Hand" exercises.""",
        {"pictures/by_hand.png": "The tab Attention, with blanks to fill in"},
        "0.04 MB",
        "Every program calculates it at once.",
        {
            "Embeddings": "the blanks, and the weights",
            "Attention": "the blanks, and the weights",
            "MLP": "the blanks, and the weights",
            "Next word": "the blanks",
        },
    ),
    "check": Introduction(
        "Check",
        "Are the functions right?",
        """\
One block of the model, computed twice: step by step with the functions, and with native formulas from weights in cells.
The tab Result shows how far the two differ, step by step. This workbook is outside the series: it is for readers who do
not want to take our word for it.""",
        {"pictures/check.png": "The tab Result: the differences of both computations, step by step"},
        "1.2 MB",
        _HEADLESS.format("0.1 s", "check"),
        {"Native": _GRID},
    ),
}


class _EnoughError(Exception):
    """Everything that a page needs is known."""


@dataclass
class Declared:
    """What a workbook declares while it is built: its tabs, its things to try, and its inputs."""

    tabs: list[str] = field(default_factory=list)
    tries: list[Try] = field(default_factory=list)
    inputs: list[tuple[Page, int, int]] = field(default_factory=list)

    def label(self, tab: str, cell: str) -> str:
        """The label of an input cell; empty if it has none, or if another input has the same."""
        labels = {place[0].at(*place[1:]): _label(*place) for place in self.inputs if place[0].name == tab}
        label = labels.get(cell, "")
        return label if list(labels.values()).count(label) == 1 else ""

    def labels(self, tab: str) -> list[str]:
        """The labels of a tab's inputs, each once, without a number at its end."""
        found = [_label(*place) for place in self.inputs if place[0].name == tab]
        return list(dict.fromkeys(label.rstrip("0123456789 ") for label in found if label))


def declared(template: str) -> Declared:
    """Builds a workbook for Excel with the demo model, and stops before it is written."""
    found = Declared()

    def noted(method: Callable[..., None]) -> Callable[..., None]:
        def write(page: Page, row: int, column: int, *rest: Any) -> None:
            if method is own_input or page.style.input in rest:
                found.inputs.append((page, row, column))
            method(page, row, column, *rest)

        return write

    def noted_tries(page: Page, tries: Sequence[Try], *rest: str) -> None:
        found.tabs = [other.name for other in page.book.pages]
        found.tries = list(tries)
        raise _EnoughError

    own_input = Page.input
    with (
        TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as few,
        patch.multiple(Page, input=noted(Page.input), plain=noted(Page.plain), formula=noted(Page.formula)),
        patch.object(start_tab, "things_to_try", noted_tries),
        suppress(_EnoughError),
    ):
        few_tokens(few)  # the tab Start and the inputs are the same, and made quickly
        build(template, Path(folder), model=None if template == "by_hand" else "demo")
    return found


def page(template: str) -> str:
    """The page of one workbook."""
    return "\n".join([*_top(template), *_tabs(template, found := declared(template)), *_tries(found), ""])


def _top(template: str) -> Iterator[str]:
    introduction = INTRODUCTIONS[template]
    number, _, _ = TEMPLATES[template].partition("_")
    yield from (f"# {f'{number} ' if number.isdigit() else ''}{introduction.title}", "")
    yield from (f"*{introduction.question}*", "", introduction.text, "")
    for file, alt in introduction.pictures.items():
        yield from (f"![{alt}](../{file})", "")
    yield from ("```", f"gpt2-excel new {template}", "```", "")
    yield from (_figures(template, introduction), "")


def _figures(template: str, introduction: Introduction) -> str:
    """How large and how fast the workbook is, and the commands that measure it."""
    host = "" if template in FORMULAS_ONLY else " --host office"
    model = "" if template in OWN_MODEL else ", with the model `demo`"
    return (
        f"The file takes {introduction.size} (`gpt2-excel new {template}{host}`{model}). {introduction.calculates} "
        "[Performance](../performance.md) has more figures."
    )


def _tabs(template: str, found: Declared) -> Iterator[str]:
    yield from ("## The tabs", "", "| tab | shows | notice | you can change |", "|---|---|---|---|")
    inputs = INTRODUCTIONS[template].inputs
    stops: Sequence[Stop] = BUILDERS[template].STOPS
    for stop in (*stops, *(COMMON if stops_of_tour(template) else COMMON[1:])):
        change = inputs.get(stop.tab) or ", ".join(found.labels(stop.tab))
        numbered = [tab for tab in found.tabs if tab != stop.tab and family(tab) == stop.tab]
        name = f"{stop.tab} 0 to {len(numbered) - 1}" if numbered else stop.tab
        yield f"| {name} | {stop.about.rstrip(':.')}. | {stop.notice} | {change} |"
    yield ""


def _tries(found: Declared) -> Iterator[str]:
    yield from ("## What to try", "")
    yield "The tab Start lists the same, with a link to each cell. A test types all of it."
    yield from ("", "| where | type | and see |", "|---|---|---|")
    for item in found.tries:
        also = "".join(f", `{text}` in {_cell(cell)}" for cell, text in item.also)
        yield f"| {_where(item, found)} | {_typed(item.typed)}{also} | {item.effect} |"


def _where(item: Try, found: Declared) -> str:
    """The tab and the input: its label, or its cell if it has none or shares it."""
    label = found.label(item.sheet, item.cell)
    if label == item.sheet:
        return label
    return f"{item.sheet}, {label}" if label else f"{item.sheet}, {_cell(item.cell)}"


def _cell(address: str) -> str:
    tab, _, cell = address.rpartition("!")
    return f"cell {cell} of the tab {tab}" if tab else f"cell {cell}"


def _typed(text: str) -> str:
    if not text:
        return "(clear the cell)"
    return f"`{text}` with a space before it" if text.startswith(" ") else f"`{text}`"


def _label(page: Page, row: int, column: int) -> str:
    """The text before an input in its row; empty if there is none."""
    return next((page.explained[row, at] for at in range(min(column, 2)) if (row, at) in page.explained), "")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for template in TEMPLATES:
        (FOLDER / f"{template}.md").write_text(page(template), encoding="utf-8")
        print(template)
