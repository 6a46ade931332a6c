"""The demo model's answers, read from the anatomy workbook: it types a prompt, recalculates, and reads a cell.

`tests/udfs/models/test_demo.py` asks the model itself for every answer. Here, each kind of prompt is asked once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import udfs
from addin.headless import Workbook
from tests.books import DEMO, Books
from udfs.models.demo.facts import facts
from udfs.models.demo.recipe.held_out import PROMPTS, HeldOut

KINDS = (
    "If today is Sunday, tomorrow is",
    "Mike is quick. He moves",
    "Mike is a Jedi. Mike pulls out his",
    "When Mary and John went to the store, Mary gave a drink to",
    "2 + 2 =",
)
ASKED = [item for item in PROMPTS if item.prompt in KINDS]


@pytest.fixture(scope="module")
def book(books: Books) -> Iterator[Workbook]:
    """One workbook for all prompts, as a person would keep it open."""
    with books.calculated("anatomy", **DEMO) as opened:
        yield opened


def test_the_prompts_are_in_the_list() -> None:
    assert len(ASKED) == len(KINDS)


@pytest.mark.parametrize("item", ASKED, ids=lambda item: item.prompt)
def test_the_workbook_answers(book: Workbook, item: HeldOut) -> None:
    book.set("prompt", item.prompt)
    book.recalculate()
    header, first, *_ = book.get_range("next_tokens")
    assert header == ["rank", "token", "id", "logit", "probability"]
    assert book.get("next_token") == first[1] == item.answer
    assert isinstance(first[4], float)
    assert first[4] > 0.5
    assert first[4] == pytest.approx(udfs.gpt2_predict(item.prompt, 1, 1, "demo")[1][4], abs=1e-4)


def test_an_edit_in_the_middle_changes_only_later_cells(book: Workbook, tmp_path: Path) -> None:
    book.set("prompt", "Mike is quick. He moves")
    book.recalculate()
    before = book.get_range("Block 5!E18:J23")
    first_edit = next(row for row in range(10, 80) if "your edits" in str(book.get(f"Block 5!B{row}"))) + 2
    book.set(f"Block 5!F{first_edit + 5}", 25)
    changed = [address.replace("'", "").split("!") for address in book.recalculate()]
    tabs = {tab for tab, _ in changed}
    assert {"Block 5", "Block 11", "Head"} <= tabs
    assert not tabs & {"Tokens", "Embeddings", "Weights"}
    earlier = {cell for tab, cell in changed if tab in [f"Block {layer}" for layer in range(5)]}
    assert earlier == {"E12", "E13"}, "what the earlier blocks add to the new answer's logit"
    assert book.get_range("Block 5!E18:J23") == before
    book.set(f"Block 5!F{first_edit + 5}", None)
    book.recalculate()
    assert book.get("next_token") == " quickly"


JEDI = facts().jedi
BLOCK = f"Block {JEDI.layer}"
LESS = f"demo ; add {JEDI.coefficient / 4:g} * {JEDI.vector} to"
ADDED = [JEDI.model] + [f"{LESS} h.{JEDI.layer}.{place} at all" for place in ("attn", "mid", "mlp", "out")]


@pytest.mark.parametrize("model", [*ADDED, f"demo ; add 9 * {JEDI.vector} to h.12 at last"])
def test_additions_of_the_model_text_flow_through_the_steps(book: Workbook, model: str) -> None:
    book.set("prompt", "Mike pulls out his")
    book.set("model_name", model)
    book.recalculate()
    first = book.get_range("next_tokens")[1]
    _, token, _, _, probability = udfs.gpt2_predict("Mike pulls out his", 1, 1, model)[1]
    assert (first[1], first[4]) == (token, pytest.approx(probability, abs=1e-4))
    if model == JEDI.model:
        assert token == " lightsaber"
    book.set("model_name", "demo")
    book.recalculate()
    assert book.get("next_token") == " phone"


def test_the_steering_row_is_off_until_it_has_a_coefficient(book: Workbook) -> None:
    row = next(row for row in range(10, 120) if book.get(f"{BLOCK}!B{row}") == "steering") + 1
    while book.get(f"{BLOCK}!A{row}") != "coefficient":
        row += 1
    vector = udfs.gpt2_sae_feature(JEDI.layer, JEDI.feature, "demo")[0].tolist()
    first = next(line for line in range(row, row + 5) if book.get(f"{BLOCK}!B{line}") == "vector")
    columns = [f"{chr(65 + i // 26 - 1) if i >= 26 else ''}{chr(65 + i % 26)}" for i in range(4, 4 + len(vector))]
    for column, value in zip(columns, vector, strict=True):
        book.set(f"{BLOCK}!{column}{first}", value)
    book.recalculate()
    assert book.get("next_token") == " phone"
    book.set(f"{BLOCK}!B{row}", JEDI.coefficient)
    book.recalculate()
    assert book.get("next_token") == " lightsaber"
    book.set(f"{BLOCK}!B{row}", 0)
    book.recalculate()
    assert book.get("next_token") == " phone"
