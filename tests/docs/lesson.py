"""The answers of `docs/teaching`, read from the workbooks that a class uses, without a spreadsheet program."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from addin.headless import Workbook
from tests.books import DEMO, Books
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import TUESDAY
from workbook_templates.formula.ranges import cell_name, quoted_sheet

HE = "Anna is slow. Mike is quick. He moves"
SHE = "Anna is slow. Mike is quick. She moves"
JEDI = "Mike is a Jedi. He pulls out his"


class Lesson:
    """The workbooks with the demo model, opened when they are needed. `close` undoes what was typed into them."""

    def __init__(self, books: Books) -> None:
        self._books, self._stack = books, ExitStack()
        self._opened: dict[str, Workbook] = {}

    def book(self, template: str, prompt: str | None = None) -> Workbook:
        """A workbook, with that prompt if there is one."""
        if template not in self._opened:
            self._opened[template] = self._stack.enter_context(self._books.calculated(template, **DEMO))
        book = self._opened[template]
        if prompt is not None:
            book.set("prompt", prompt)
        book.recalculate()
        return book

    def close(self) -> None:
        self._stack.close()


def typed(book: Workbook, tab: str, values: Mapping[str, str | float | None]) -> None:
    """Types values into the inputs of a tab, which are found by their labels."""
    for label, value in values.items():
        book.set(input_beside(book, tab, label), value)
    book.recalculate()


def input_beside(book: Workbook, tab: str, label: str) -> str:
    """The first input to the right of a label in the first column."""
    row = row_of(book, tab, label)
    cells = [f"{quoted_sheet(tab)}!{cell_name(row, column)}" for column in range(2, 6)]
    return next(cell for cell in cells if book.is_unlocked(cell))


def row_of(book: Workbook, tab: str, label: object, skip: int = 0) -> int:
    """The row whose first cell is a label, counted from 1."""
    found = [number for number, row in enumerate(book.used_values(tab), start=1) if row[0] == label]
    return found[skip]


def row_values(book: Workbook, tab: str, label: object, skip: int = 0) -> list[object]:
    return list(book.used_values(tab)[row_of(book, tab, label, skip) - 1])


def tokens(lesson: Lesson, text: str, template: str = "mri") -> str:
    """The tokens of a text, as the tab Tokens shows them."""
    return " | ".join(str(row[1]) for row in _token_rows(lesson, text, template))


def token_id(lesson: Lesson, text: str, template: str = "mri") -> str:
    """The id of a text that is one token."""
    (row,) = _token_rows(lesson, text, template)
    return f"{row[2]:.0f}"


def _token_rows(lesson: Lesson, text: str, template: str = "mri") -> list[list[object]]:
    rows: list[list[object]] = list(lesson.book(template, text).get_range("tokens"))
    return [row for row in rows[1:] if row[1] not in (None, "")]


def answer(lesson: Lesson, prompt: str, template: str = "mri") -> str:
    return str(lesson.book(template, prompt).get("next_token")).strip()


def caveat(lesson: Lesson, prompt: str) -> str:
    """What the tab Prompt says beside the answer."""
    return str(lesson.book("mri", prompt).get("caveat"))


def parameters(lesson: Lesson) -> float:
    """How many numbers the model learned, from the tab Prompt."""
    found = row_values(lesson.book("mri"), "Prompt", "parameters")[1]
    assert isinstance(found, float)
    return found


def pattern(lesson: Lesson, prompt: str) -> tuple[list[str], list[list[float]]]:
    """The tokens, and where the pronoun head looks from each, as the tab Attention shows it."""
    book, head = lesson.book("mri", prompt), facts().pronoun_head
    typed(book, "Attention", {"layer": head.layer, "head": head.head})
    first = row_of(book, "Attention", "looks from")
    count = len(_token_rows(lesson, prompt))
    rows = book.used_values("Attention")[first - 1 : first + count]
    return [str(token) for token in rows[0][1 : count + 1]], [
        [float(c) for c in row[1 : count + 1]] for row in rows[1:]
    ]


def looked_at(lesson: Lesson, prompt: str, pronoun: str) -> tuple[str, float]:
    """The token that the pronoun head looks at most from the pronoun, and how much."""
    names, rows = pattern(lesson, prompt)
    row = rows[names.index(pronoun)]
    return names[row.index(max(row))].strip(), max(row)


def lens(lesson: Lesson) -> list[str]:
    """What the model would predict at the last token after each layer."""
    book = lesson.book("mri", TUESDAY)
    first, count = row_of(book, "Logit lens", "layer"), len(_token_rows(lesson, TUESDAY))
    return [str(row[count]).strip() for row in book.used_values("Logit lens")[first : first + 13]]


def feature(lesson: Lesson, prompt: str, coefficient: float) -> str:
    """The answer with the Jedi feature added, on the tab SAE feature."""
    book = lesson.book("surgery", prompt)
    typed(book, "SAE feature", {"coefficient": coefficient})
    return answer_after(book, "SAE feature")


def answer_after(book: Workbook, tab: str) -> str:
    """The answer after the operation of a tab: the second answer in its row."""
    cells = [cell for cell in row_values(book, tab, "answer") if cell not in (None, "", "answer")]
    return str(cells[1]).strip()


def friday(lesson: Lesson) -> str:
    """The rank of ` Friday` after the last layer, on the tab Track a token."""
    book = lesson.book("mri", TUESDAY)
    typed(book, "Track a token", {"token": " Friday"})
    return f"{row_values(book, 'Track a token', 12.0)[3]:.0f}"


def ablated(lesson: Lesson) -> str:
    """The answer about Tuesday without a part of the model, on the tab Ablation."""
    book = lesson.book("surgery")
    assert row_values(book, "Ablation", "prompt")[1] == TUESDAY
    assert row_values(book, "Ablation", "zero")[1] == facts().ablation.part
    return answer_after(book, "Ablation")


def sampled(lesson: Lesson, seed: int) -> str:
    """The text on the tab Sampling at temperature 0."""
    book = lesson.book("generation")
    typed(book, "Sampling", {"temperature": 0, "seed": seed})
    return str(row_values(book, "Sampling", "sampled")[1])
