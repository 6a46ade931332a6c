"""The values of the anatomy workbook: the model's numbers, edits that flow on, messages instead of errors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import udfs
from addin.headless import Workbook, WorkbookError
from tests.books import TINY, Books
from tests.workbook_templates.messages import MESSAGES, Edits, message_after
from tests.workbook_templates.values import errors

PROMPT = "Mike is quick. He moves"
ROOM = TINY["tokens"]
BLOCKS = 3
STRIDE = ROOM + 1  # columns from a head's scores to those of the next


@pytest.fixture
def workbook(books: Books) -> Iterator[Workbook]:
    with books.calculated("anatomy", **TINY, prompt=PROMPT) as shared:
        yield shared


def cells(workbook: Workbook, tab: str, columns: str = "A:DZ") -> list[list[object]]:
    first, _, last = columns.partition(":")
    return workbook.get_range(f"'{tab}'!{first}1:{last}300")


def start_of(workbook: Workbook, tab: str, name: str) -> int:
    """The row, counted from 1, in which the values of a step begin."""
    rows = cells(workbook, tab, "A:E")
    bar = next(i for i, row in enumerate(rows) if row[1] == name and row[4])
    return next(i for i in range(bar, len(rows)) if rows[i][0] == "position") + 2


def values(workbook: Workbook, tab: str, name: str) -> np.ndarray:
    """The numbers of a step, a row a token."""
    first = start_of(workbook, tab, name)
    rows = workbook.get_range(f"'{tab}'!E{first}:EZ{first + ROOM - 1}")
    filled = [[value for value in row if isinstance(value, float)] for row in rows]
    return np.array([row for row in filled if row])


def test_steps_are_the_models_own_numbers(workbook: Workbook) -> None:
    places = {"ln_1": "h.1.ln_1", "mix": "h.1.attn.z", "add": "h.1.mid", "out": "h.2"}
    for step, place in places.items():
        expected = np.array(udfs.gpt2_residual(PROMPT, place, "tiny"))
        assert values(workbook, "Block 1", step) == pytest.approx(expected, abs=1e-4), step


def test_patterns_are_side_by_side_below_their_heads_and_tokens(workbook: Workbook) -> None:
    first = start_of(workbook, "Block 2", "patterns")
    titles, tokens, *rows = workbook.get_range(f"'Block 2'!E{first - 2}:AZ{first + 5}")
    for head in range(4):
        at = head * STRIDE
        pattern = udfs.gpt2_residual(PROMPT, f"h.2.attn.head.{head}.pattern", "tiny")
        assert titles[at] == f"head {head}"
        assert tokens[at : at + 7] == ["Mike", " is", " quick", ".", " He", " moves", ""]
        assert np.array([row[at : at + 6] for row in rows], float) == pytest.approx(np.array(pattern), abs=1e-5)


def test_scores_are_masked_for_tokens_that_a_token_does_not_see(workbook: Workbook) -> None:
    first = start_of(workbook, "Block 2", "scores")
    rows = workbook.get_range(f"'Block 2'!E{first}:AZ{first + 5}")
    for head in range(4):
        found = [row[head * STRIDE : head * STRIDE + 6] for row in rows]
        expected = udfs.gpt2_residual(PROMPT, f"h.2.attn.head.{head}.scores", "tiny")
        for row, wanted in zip(found, expected, strict=True):
            assert row == pytest.approx([-1e30 if x is None else x for x in wanted], abs=1e-4)


def test_the_summary_shows_the_strongest_look_of_each_head_at_another_token(workbook: Workbook) -> None:
    rows = cells(workbook, "Block 1", "A:H")
    top = next(i for i, row in enumerate(rows) if row[1] == "who looks at whom")
    tokens = [row[1] for row in udfs.gpt2_tokenize(PROMPT)[1:]]
    for head in range(4):
        pattern = np.tril(udfs.gpt2_residual(PROMPT, f"h.1.attn.head.{head}.pattern", "tiny"), -1)
        query, key = np.unravel_index(pattern.argmax(), pattern.shape)
        assert rows[top][4 + head] == f"{tokens[query].strip()} → {tokens[key].strip()}"
        assert rows[top + 1][4 + head] == pytest.approx(pattern.max(), rel=1e-4)


def test_the_summary_shows_what_a_block_adds_to_the_answers_logit(workbook: Workbook) -> None:
    answer = udfs.gpt2_predict(PROMPT, 1, None, "tiny")[1][2]
    parts = udfs.gpt2_attribution(PROMPT, answer, None, "tiny")[1:]
    for layer in range(BLOCKS):
        added = {row[1]: row[4] for row in cells(workbook, f"Block {layer}", "A:E")[:20] if row[1]}
        attention = sum(row[3] for row in parts if row[0].startswith(f"h.{layer}.attn"))
        mlp = sum(row[3] for row in parts if row[0] == f"h.{layer}.mlp")
        assert added["attention adds"] == pytest.approx(attention, abs=1e-4)
        assert added["the MLP adds"] == pytest.approx(mlp, abs=1e-4)


def test_every_step_works_one_number_out(workbook: Workbook) -> None:
    """The number that the text ends in is the one in the band, where the text is about a cell of the band."""
    rows = cells(workbook, "Block 1", "A:E")
    examples = [str(row[4]) for row in rows if row[1] == "for example"]
    assert len(examples) == 14
    for name in ("ln_1", "q, k, v", "mix", "add", "ln_2", "c_fc", "GELU", "out", "edited"):
        first = start_of(workbook, "Block 1", name)
        at = max(i for i, row in enumerate(rows[:first]) if row[1] == "for example")
        shown = float(str(rows[at][4]).rpartition(" ")[2])
        assert shown == pytest.approx(rows[first - 1 + 5][4], abs=6e-4), name


def test_every_step_shows_its_formula_and_shape(workbook: Workbook) -> None:
    formulas = [str(row[4]) for row in cells(workbook, "Block 1", "A:E") if row[1] == "formula"]
    shapes = [formula.rpartition("→  ")[2] for formula in formulas]
    assert shapes[:4] == ["[tokens, 32 channels]"] * 3 + ["[tokens, 96 channels]"]
    assert shapes[4:6] == ["[4 heads, tokens, tokens]"] * 2
    assert "EXP(score) / sum of EXP(score)" in formulas[5]


def test_headers_name_the_head_of_each_channel_of_q_k_v(workbook: Workbook) -> None:
    first = start_of(workbook, "Block 0", "q, k, v")
    heads, numbers = workbook.get_range(f"'Block 0'!E{first - 2}:CV{first - 1}")
    assert [head for head in heads if head] == [f"{part} head {head}" for part in "qkv" for head in range(4)]
    assert numbers == [float(channel) for _ in range(12) for channel in range(8)]


def test_each_block_agrees_with_the_function_of_a_whole_block(workbook: Workbook) -> None:
    for layer in range(BLOCKS):
        expected = udfs.gpt2_block(layer, values(workbook, f"Block {layer}", "edited"), "tiny")
        assert values(workbook, f"Block {layer}", "out") == pytest.approx(np.array(expected), abs=1e-4)


def test_the_check_is_zero_until_a_value_is_edited(workbook: Workbook) -> None:
    rows = cells(workbook, "Head", "A:B")
    check = next(number for number, row in enumerate(rows, 1) if row[0] == "check")
    assert rows[check - 1][1] < 1e-5
    workbook.set(f"'Block 1'!E{start_of(workbook, 'Block 1', 'your edits')}", 50)
    workbook.recalculate()
    assert workbook.get(f"Head!B{check}") > 1e-3


def test_the_answer_is_the_models_answer(workbook: Workbook) -> None:
    expected = udfs.gpt2_predict(PROMPT, 10, None, "tiny")
    table = workbook.get_range("next_tokens")
    assert table[0] == expected[0]
    assert [row[1] for row in table] == [row[1] for row in expected]
    assert [row[4] for row in table[1:]] == pytest.approx([row[4] for row in expected[1:]], rel=1e-3)
    assert workbook.get("next_token") == expected[1][1]
    assert workbook.get_range("tokens")[:3] == udfs.gpt2_tokenize(PROMPT)[:3]
    assert not errors(workbook)


def test_bos_comes_before_the_prompt(workbook: Workbook) -> None:
    workbook.set("model_name", "tiny ; bos")
    workbook.recalculate()
    assert workbook.get_range("tokens")[1] == [0, "<|endoftext|>", 50256]
    expected = udfs.gpt2_predict(PROMPT, 1, None, "tiny ; bos")[1]
    answer = workbook.get_range("next_tokens")[1]
    assert answer[:3] == expected[:3]
    assert answer[3:] == pytest.approx(expected[3:], rel=1e-3)


def test_a_typed_value_of_the_stream_flows_on_and_back(workbook: Workbook) -> None:
    row = start_of(workbook, "Block 1", "your edits")
    before = workbook.get_range("next_tokens"), values(workbook, "Block 0", "out")
    workbook.set(f"Block 1!F{row + 2}", 7.5)
    workbook.recalculate()
    assert values(workbook, "Block 1", "edited")[2, 1] == 7.5
    assert np.delete(values(workbook, "Block 1", "edited").ravel(), 2 * 32 + 1) == pytest.approx(
        np.delete(before[1].ravel(), 2 * 32 + 1)
    )
    assert workbook.get_range("next_tokens") != before[0]
    assert (values(workbook, "Block 0", "out") == before[1]).all()
    workbook.set(f"Block 1!F{row + 2}", None)
    workbook.recalculate()
    assert workbook.get_range("next_tokens") == before[0]


@pytest.mark.parametrize("band", ["stream", "edited"])
def test_a_cell_of_the_stream_cannot_be_set_but_the_message_names_its_edit_cell(workbook: Workbook, band: str) -> None:
    filled, edit = (start_of(workbook, "Block 1", name) for name in (band, "your edits"))
    with pytest.raises(WorkbookError, match=rf"^'Block 1'!F{filled + 2} is filled .* type into 'Block 1'!F{edit + 2} "):
        workbook.set(f"Block 1!F{filled + 2}", 7.5)


def test_the_edit_table_reaches_the_model(workbook: Workbook) -> None:
    for cell, value in (("F7", "scale"), ("G7", "h.1.mlp"), ("H7", 0)):
        workbook.set(f"Weights!{cell}", value)
    workbook.recalculate()
    assert workbook.get("model") == "tiny ; scale h.1.mlp by 0"
    rows = cells(workbook, "Block 1", "A:E")
    bar = max(i for i, row in enumerate(rows) if row[1] == "c_proj" and row[4])
    first = next(i for i in range(bar, len(rows)) if rows[i][0] == "position") + 2
    assert set(workbook.get_range(f"'Block 1'!E{first}:AJ{first + 5}")[0]) == {0.0}


def test_the_view_of_a_tensor_has_its_size(workbook: Workbook) -> None:
    workbook.set("Weights!G19", "h.0.ln_1.bias")
    workbook.set("Weights!G21", 28)
    workbook.recalculate()
    rows = workbook.get_range("Weights!G23:M25")
    assert rows[0][1:6] == [28, 29, 30, 31, None]
    assert rows[1][:5] == [0, *udfs.gpt2_weight("h.0.ln_1.bias", 0, 1, 28, 4, "tiny").ravel().tolist()]
    assert rows[2] == [None] * 7


WRONG = {**MESSAGES, "bad edit": ({"Weights!F16": "triple"}, "'triple'")}


@pytest.mark.parametrize(("edits", "line"), WRONG.values(), ids=WRONG)
def test_every_cell_that_depends_on_a_wrong_input_shows_the_message(
    workbook: Workbook, edits: Edits, line: str
) -> None:
    message = message_after(workbook, edits, line)
    assert workbook.get_range("next_tokens")[0][0] == message
    for layer in range(BLOCKS):
        assert message in {row[4] for row in cells(workbook, f"Block {layer}", "A:E")[10:]}
    assert not errors(workbook)
