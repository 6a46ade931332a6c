"""The workbook with blanks to fill in: it marks each number at once, and the toy model tells the talk's story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from xlsxwriter.utility import xl_rowcol_to_cell

from addin.headless import Workbook
from tests.books import Books
from tests.hosts.calc_host import calc
from tests.workbook_templates.values import errors
from udfs.backend.gpt2.forward import gelu
from workbook_templates import build
from workbook_templates.by_hand import toy
from workbook_templates.by_hand.exercise import NOT_YET, RIGHT, WRONG
from workbook_templates.by_hand.tabs import TABS

YOURS, CHECK, ANSWERS = 2, 9, 16  # the first column of each grid
ROOM = "A1:V140"
BLANKS = 103


@pytest.fixture
def workbook(books: Books) -> Iterator[Workbook]:
    with books.calculated("by_hand") as shared:
        yield shared


def blanks(workbook: Workbook, tab: str, mark: str = NOT_YET) -> dict[str, object]:
    """The cells to fill in that have this mark, and their answers."""
    found = {}
    for row, cells in enumerate(workbook.get_range(f"'{tab}'!{ROOM}")):
        for column in range(CHECK, ANSWERS - 1):
            if cells[column] == mark:
                answer = cells[column - CHECK + ANSWERS]
                found[f"'{tab}'!{xl_rowcol_to_cell(row, column - CHECK + YOURS)}"] = answer
    return found


def fill(workbook: Workbook, tab: str, change: float = 0.0) -> None:
    for cell, answer in blanks(workbook, tab).items():
        workbook.set(cell, round(answer + change, 2) if isinstance(answer, float) else f" {str(answer).upper()} ")
    workbook.recalculate()


def layer_norm(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def probabilities(words: list[str]) -> np.ndarray:
    """The toy model in numpy."""
    wte = np.array(toy.WTE, float)
    x = wte[[toy.WORDS.index(word) for word in words]] + np.array(toy.WPE)  # [tokens, channels]
    query, key, value = (layer_norm(x) @ np.array(w) for w in (toy.W_Q, toy.W_K, toy.W_V))
    score = np.where(np.tri(len(words)), query @ key.T / np.sqrt(2), -np.inf)
    pattern = np.exp(score) / np.exp(score).sum(1, keepdims=True)
    x = (x + pattern @ value @ np.array(toy.ATTN_C_PROJ))[-1]  # -> [channels]
    x = x + gelu((layer_norm(x) @ np.array(toy.C_FC)).astype(np.float32)) @ np.array(toy.MLP_C_PROJ)
    power = np.exp(layer_norm(x) @ wte.T)
    return np.array(power / power.sum())


def test_it_begins_with_blanks_alone(workbook: Workbook) -> None:
    assert sum(len(blanks(workbook, tab)) for tab in TABS) == BLANKS
    assert workbook.get("progress") == f"0 of {BLANKS} right"
    assert not errors(workbook)


@pytest.mark.parametrize(
    "sentence", ["do cats love", "do dogs love", "love do cats", "cats love mice", "mice mice mice"]
)
def test_answers_are_those_of_the_model_in_numpy(workbook: Workbook, sentence: str) -> None:
    for number, word in enumerate(sentence.split()):
        workbook.set(f"word_{number}", word)
    workbook.recalculate()
    expected = probabilities(sentence.split())
    assert workbook.get("next_token") == toy.WORDS[int(expected.argmax())]
    rows = workbook.get_range(f"'Next word'!{ROOM}")
    title = next(number for number, cells in enumerate(rows) if str(cells[0]).startswith("20 "))
    shown = rows[title + 3][ANSWERS:]
    assert shown == pytest.approx(expected, abs=1e-5)


def test_the_story_cats_love_mice_and_dogs_love_bones(workbook: Workbook) -> None:
    assert workbook.get("next_token") == "mice"
    workbook.set("word_1", toy.OTHER)
    workbook.recalculate()
    assert workbook.get("next_token") == "bones"


def test_numbers_rounded_to_two_decimals_are_right_and_others_wrong(workbook: Workbook) -> None:
    fill(workbook, "Attention")
    assert not blanks(workbook, "Attention")
    assert not blanks(workbook, "Attention", WRONG)
    fill(workbook, "MLP", change=0.3)
    assert not blanks(workbook, "MLP", RIGHT)
    assert workbook.get("progress") == f"51 of {BLANKS} right"
    workbook.set(next(iter(blanks(workbook, "Attention", RIGHT))), None)
    workbook.recalculate()
    assert workbook.get("progress") == f"50 of {BLANKS} right"


def test_all_filled_in_are_all_right(workbook: Workbook) -> None:
    for tab in TABS:
        fill(workbook, tab)
    assert workbook.get("progress") == f"{BLANKS} of {BLANKS} right"


def test_text_in_place_of_a_number_is_wrong(workbook: Workbook) -> None:
    cell = next(iter(blanks(workbook, "MLP")))
    workbook.set(cell, "one")
    workbook.recalculate()
    assert list(blanks(workbook, "MLP", WRONG)) == [cell]


def test_a_weight_to_try_has_other_answers(workbook: Workbook) -> None:
    before = blanks(workbook, "Next word")
    (verb,) = (cells[1] for cells in workbook.get_range("Start!A1:B80") if str(cells[1]).startswith("MLP, cell "))
    workbook.set(str(verb).replace(", cell ", "!"), 0)
    workbook.recalculate()
    after = blanks(workbook, "Next word")
    assert after.keys() == before.keys()
    assert after != before
    assert workbook.get("next_token") == "love"


def test_calc_marks_what_is_typed(books: Books, workbook: Workbook) -> None:
    book = calc()
    book.open(books.file("by_hand"))
    right, wrong = list(blanks(workbook, "MLP").items())[:2]
    for (cell, answer), change in ((right, 0), (wrong, 1)):
        assert isinstance(answer, float)
        book.set("MLP", cell.rpartition("!")[2], round(answer + change, 2))
    assert book.named("progress")[0][0] == f"1 of {BLANKS} right"
    assert book.named("next_token") == [["mice"]]


@pytest.mark.parametrize("prompt", ["cats", "do cats eat", "do cats love mice", ""])
def test_a_sentence_of_other_words_is_refused(prompt: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^prompt must be three of the words do, cats, .* not '.*'$"):
        build("by_hand", tmp_path, prompt=prompt)
