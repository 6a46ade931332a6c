"""The values of the MRI workbook with the demo model: its tabs, edits that flow on, messages instead of errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import udfs
from addin.headless import Workbook
from tests.books import DEMO, TINY, Books
from tests.workbook_templates.files import formulas, opened
from tests.workbook_templates.messages import MESSAGES, Edits, message_after
from tests.workbook_templates.values import errors, recalculated, rows_below
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import REPEATED, SEVEN_DAYS, TUESDAY
from workbook_templates import build, mri
from workbook_templates.mri import patching

FACTS = facts()
ANSWER = " Wednesday"
TABS = ["Start", "Tour", "Prompt", "Tokens", "Logit lens", "Track a token", "Attention"]
TABS += ["Weighted average", "All heads", "Head scores"]
TABS += ["Saliency", "Attribution", "Neurons", "Circuit", "Patching", "Paths", "Glossary"]


@pytest.fixture(scope="module")
def scan(books: Books) -> Iterator[Workbook]:
    """The workbook with its default prompt. Tests that edit it undo their edits."""
    with books.calculated("mri", **DEMO) as workbook:
        yield workbook


@pytest.fixture
def tiny(books: Books) -> Iterator[Workbook]:
    with books.calculated("mri", **TINY) as workbook:
        yield workbook


def numbers(rows: Sequence[Sequence[object]]) -> np.ndarray:
    return np.array([[0.0 if value is None else value for value in row] for row in rows], float)


def test_the_tabs_are_in_the_order_of_the_talk(scan: Workbook) -> None:
    assert scan.sheet_names == TABS
    assert scan.get("status") == "ready"
    assert not errors(scan)


def test_the_lens_ends_with_the_models_answer(scan: Workbook) -> None:
    guesses = rows_below(scan, "Logit lens", "layer", "A:H")
    assert guesses[0] == ["layer", "If", " today", " is", " Tuesday", ",", " tomorrow", " is"]
    assert [row[0] for row in guesses[1:14]] == list(range(13))
    assert guesses[13][7] == ANSWER == scan.get("next_token")
    assert guesses[FACTS.lens.answer_from][7] == FACTS.lens.before, "the row of the layer before"
    shares = rows_below(scan, "Logit lens", "layer", "A:H", skip=1)
    assert shares[13][7] == pytest.approx(scan.get_range("next_tokens")[1][4], abs=1e-5)
    assert rows_below(scan, "Logit lens", "lens", "A:B")[0][1] == ANSWER
    assert 0 <= rows_below(scan, "Logit lens", "difference", "A:B")[0][1] < 1e-5


def test_the_lens_shows_candidates_at_a_chosen_position(scan: Workbook) -> None:
    chosen = rows_below(scan, "Logit lens", "position", "A:K")
    assert chosen[1][:3] == ["layer", 1, "probability"]
    expected = udfs.gpt2_logitlens(mri.PROMPT, 5, -1, "both", "demo")
    assert [row[1::2] for row in chosen[2:15]] == [row[1::2] for row in expected[1:]]
    assert numbers([row[2::2] for row in chosen[2:15]]) == pytest.approx(
        numbers([row[2::2] for row in expected[1:]]), abs=1e-6
    )


def test_the_followed_token_overtakes_the_second_one(scan: Workbook) -> None:
    assert rows_below(scan, "Track a token", "followed", "A:B")[0][1] == ANSWER
    table = rows_below(scan, "Track a token", "layer", "A:J")
    assert table[0] == ["layer", "logit", "probability", "rank", "most likely there", None, *table[0][:4]]
    takes_over = FACTS.lens.answer_from
    likeliest = [row[4] for row in table[1:14]]
    assert likeliest[takes_over - 1 :] == [FACTS.lens.before, *[ANSWER] * (13 - takes_over)]
    assert table[13][3] == 1
    highest = max(range(1, 14), key=lambda row: table[row][8])
    assert table[highest][8] == pytest.approx(FACTS.lens.rival_highest, abs=1e-3)
    assert table[highest][8] > table[highest][2]
    assert table[13][2] > 0.9 > table[13][8]


def test_the_pattern_and_the_thumbnails_agree(scan: Workbook) -> None:
    pattern = rows_below(scan, "Attention", "looks from", "A:H")
    assert pattern[7][0] == " is"
    own = numbers([row[1:] for row in pattern[1:8]])
    assert own.sum(axis=1) == pytest.approx(np.ones(7), abs=1e-5)
    assert own[6, 3] > 0.5  # the default head looks from the last token to the day
    all_heads = scan.get_range("'All heads'!B7:CR101")
    layer, head = FACTS.day_head.layer, FACTS.day_head.head
    thumbnail = [row[head * 8 : head * 8 + 8] for row in all_heads[layer * 8 : layer * 8 + 8]]
    assert numbers([row[:7] for row in thumbnail[:7]]) == pytest.approx(own, abs=1e-6)
    assert thumbnail[7] == [""] * 8 == [row[7] for row in thumbnail]
    assert [value for value in scan.get_range("'All heads'!B6:CR6")[0] if value] == [str(n) for n in range(12)]


def test_a_head_writes_a_weighted_average_of_values(scan: Workbook) -> None:
    place = "h.{0.layer}.attn.head.{0.head}".format(facts().day_head)
    pattern, values, z = (udfs.gpt2_residual(TUESDAY, f"{place}.{what}", "demo") for what in ("pattern", "v", "z"))
    for position in (-1, 2):
        scan.set("'Weighted average'!B8", position)
        scan.recalculate()
        at = position % len(pattern)
        rows = rows_below(scan, "Weighted average", "token", "A:K")
        seen = rows[1 : at + 2]
        assert [row[0] for row in seen] == [row[1] for row in udfs.gpt2_tokenize(TUESDAY, "demo")[1 : at + 2]]
        assert [row[3] for row in seen] == pytest.approx(pattern[at, : at + 1].tolist(), abs=1e-6)
        assert [row[4] for row in seen] == pytest.approx([row[3] for row in seen], abs=1e-6)
        assert rows[at + 2][0] in ("", None), "no token sees a later one"
        assert np.array([row[5:11] for row in seen], float) == pytest.approx(values[: at + 1, :6], abs=1e-5)
        average, own, check = rows_below(scan, "Weighted average", "weighted average", "A:K")[:3]
        assert average[5:11] == pytest.approx(own[5:11], abs=1e-5)
        assert own[5:11] == pytest.approx(z[at, :6].tolist(), abs=1e-5)
        assert float(str(check[5])) < 1e-9
    scan.set("'Weighted average'!B8", -1)
    scan.recalculate()


def test_the_square_of_scores_follows_the_table(scan: Workbook) -> None:
    table = rows_below(scan, "Head scores", "layer", "A:E")
    scores = {(row[0], row[1]): row[2:] for row in table[1:145]}
    cells = scan.get_range("'Head scores'!G1:S60")
    titles = [number for number, row in enumerate(cells) if row[0] == "layer ↓ head →"]
    assert len(titles) == 3
    for kind, title in enumerate(titles):
        for layer in range(12):
            own = [scores[layer, head][kind] for head in range(12)]
            assert cells[title + 1 + layer] == [layer, *own]
        strongest = max(scores, key=lambda place: scores[place][kind])
        assert f"layer {strongest[0]:g}, head {strongest[1]:g}," in str(cells[title - 1][0])


def test_the_parts_sum_to_the_logit(scan: Workbook) -> None:
    assert scan.get("attribution_check") < 1e-3
    parts = rows_below(scan, "Attribution", "component", "A:D")
    assert len([row for row in parts if row[3] is not None]) == 1 + 3 + 12 * 14 + 1
    by_kind = dict(row[:2] for row in rows_below(scan, "Attribution", "By kind", "F:G")[1:7])
    logit = scan.get_range("next_tokens")[1][3]
    assert by_kind["sum"] == pytest.approx(logit, abs=1e-3)
    assert sum(by_kind[kind] for kind in ("embeddings", "attention heads", "MLPs", "biases")) == pytest.approx(logit)
    assert by_kind["MLPs"] == pytest.approx(sum(row[3] for row in parts if str(row[0]).endswith(".mlp")))


def test_the_squares_and_the_largest_parts_come_from_the_table(scan: Workbook) -> None:
    parts = {row[0]: row[3] for row in rows_below(scan, "Attribution", "component", "A:D")[1:173]}
    square = rows_below(scan, "Attribution", "layer ↓ head →", "F:W")
    for layer, row in enumerate(square[1:13]):
        names = [*(f"attn.head.{head}" for head in range(12)), "attn.c_proj.bias", "mlp"]
        assert row[1:15] == [parts[f"h.{layer}.{name}"] for name in names]
        assert row[16] == pytest.approx(sum(row[1:14]))
        assert row[17] == row[14]
    largest = rows_below(scan, "Attribution", "The 12 largest parts", "F:G")[1:13]
    del parts["sum"]
    assert largest == [list(part) for part in sorted(parts.items(), key=lambda part: -abs(part[1]))[:12]]


def test_attribution_against_a_second_token(scan: Workbook) -> None:
    scan.set("Attribution!B8", " Monday")
    scan.recalculate()
    total = rows_below(scan, "Attribution", "sum", "F:G")[0][1]
    logits = {row[1]: row[3] for row in scan.get_range("next_tokens")[1:]}
    assert total == pytest.approx(logits[" Wednesday"] - logits[" Monday"], abs=1e-3)
    assert scan.get("attribution_check") < 1e-3
    scan.set("Attribution!B8", None)
    scan.recalculate()


def test_the_circuits_parts_are_enough_for_the_seven_days(scan: Workbook) -> None:
    table = rows_below(scan, "Circuit", "prompt", "A:F")
    for (prompt, answer), row in zip(SEVEN_DAYS, table[1:8], strict=True):
        assert row[:3] == [prompt, answer, 1]
        assert row[4:] == ["yes", answer]
    assert {row[4] for row in table[8:13]} == {""}
    assert scan.get("still_right") == 1
    assert rows_below(scan, "Circuit", "parts kept", "A:B")[0][1] == len(FACTS.circuit.parts)
    assert str(rows_below(scan, "Circuit", "which", "A:B")[0][1]).split() == list(FACTS.circuit.parts)


def test_each_part_of_the_circuit_is_needed(scan: Workbook) -> None:
    ticks = [(row, column) for row in range(14, 26) for column in "JKLMNOPQRSTUV" if scan.get(f"Circuit!{column}{row}")]
    assert len(ticks) == len(FACTS.circuit.parts)
    for row, column in ticks:
        scan.set(f"Circuit!{column}{row}", None)
        scan.recalculate()
        share = scan.get("still_right")
        assert share < 1, (row, column)
        assert [line[4] for line in rows_below(scan, "Circuit", "prompt", "A:F")[1:8]].count("no") == round(
            7 - 7 * share
        )
        scan.set(f"Circuit!{column}{row}", "x")
    scan.recalculate()
    assert scan.get("still_right") == 1


def test_another_repeated_phrase_as_start_says(scan: Workbook) -> None:
    def strongest() -> list[object]:
        table = rows_below(scan, "Head scores", "layer", "A:E")[1:145]
        return max(table, key=lambda row: float(str(row[4])))[:2]

    first, second = FACTS.repeated
    assert (first.text, second.text) == REPEATED
    assert scan.get("'Head scores'!B6") == first.text
    assert strongest() == [first.layer, first.head]
    scan.set("'Head scores'!B6", second.text)
    scan.recalculate()
    assert strongest() == [second.layer, second.head]
    scan.set("'Head scores'!B6", first.text)
    scan.recalculate()


def test_the_day_that_start_names_does_not_win(scan: Workbook) -> None:
    losing = FACTS.losing_day
    scan.set("'Track a token'!B6", losing.token)
    scan.recalculate()
    table = rows_below(scan, "Track a token", "layer", "A:D")[1:14]
    assert table[-1][3] == losing.rank
    assert max(row[2] for row in table) == pytest.approx(losing.highest, abs=1e-4)
    scan.set("'Track a token'!B6", None)
    scan.recalculate()


def test_removing_the_crucial_part_has_the_effect_that_start_describes(scan: Workbook) -> None:
    (cell,) = [
        str(row[1]).rpartition(" ")[2] for row in scan.get_range("Start!A1:B60") if "Circuit, cell" in str(row[1])
    ]
    scan.set(f"Circuit!{cell}", None)
    scan.recalculate()
    kept = str(rows_below(scan, "Circuit", "which", "A:B")[0][1]).split()
    assert set(FACTS.circuit.parts) - set(kept) == {FACTS.circuit.crucial}
    answers = [row[4] for row in rows_below(scan, "Circuit", "prompt", "A:F")[1:8]]
    assert answers.count("no") == FACTS.circuit.wrong_without
    scan.set(f"Circuit!{cell}", "x")
    scan.recalculate()


def test_patching_the_changed_word_restores_the_indirect_object(scan: Workbook) -> None:
    answers = [row[1] for row in rows_below(scan, "Patching", "What the model answers, unpatched", "A:B")[1:3]]
    assert answers == [" Mary", " John"]
    positions = rows_below(scan, "Patching", "layer", "A:O")
    assert positions[0][10] == " John / Mary"
    shares = numbers([row[1:] for row in positions[1:13]])
    assert shares[0] == pytest.approx(np.eye(14)[9], abs=1e-4)
    assert shares[11] == pytest.approx(np.eye(14)[13], abs=0.05)
    heads = rows_below(scan, "Patching", "layer", "A:M", skip=1)
    expected = udfs.gpt2_patch(patching.CLEAN, patching.CORRUPTED, " Mary", " John", "heads", "demo")
    assert heads[0] == expected[0]
    assert numbers(heads[1:13]) == pytest.approx(numbers(expected[1:]), abs=1e-5)


def test_the_gradient_is_beside_the_patches_that_it_estimates(scan: Workbook) -> None:
    exact, estimated = (
        numbers([row[1:] for row in rows_below(scan, "Patching", "layer", "A:O", skip=skip)[1:13]]) for skip in (0, 2)
    )
    given = (patching.CLEAN, patching.CORRUPTED, " Mary", " John")
    expected = udfs.gpt2_patch(*given, "gradient", "demo")
    assert estimated == pytest.approx(numbers([row[1:] for row in expected[1:]]), abs=1e-5)
    correlation = rows_below(scan, "Patching", "correlation", "A:B")[0][1]
    assert correlation == pytest.approx(np.corrcoef(exact.ravel(), estimated.ravel())[0, 1], abs=1e-5)
    assert correlation > 0.95


def test_the_maps_of_paths_show_the_list(scan: Workbook) -> None:
    heads = udfs.gpt2_patch(patching.CLEAN, patching.CORRUPTED, " Mary", " John", "heads", "demo")
    shares = numbers([row[1:] for row in heads[1:]])
    layer, head = np.unravel_index(shares.argmax(), shares.shape)
    sender = f"h.{layer}.attn.head.{head}"
    assert rows_below(scan, "Paths", "sender", "A:B")[0][1] == sender
    expected = udfs.gpt2_path_patch(patching.CLEAN, patching.CORRUPTED, " Mary", " John", sender, "", "demo")
    assert rows_below(scan, "Paths", "whole head", "A:B")[0][1] == pytest.approx(shares.max(), abs=1e-5)
    assert rows_below(scan, "Paths", "direct", "A:B")[0][1] == pytest.approx(expected[1][2], abs=1e-5)
    for number, name in enumerate(("queries", "keys", "values"), start=2):
        shown = rows_below(scan, "Paths", f"To the {name} of later heads", "A:M")[2:14]
        assert [row[0] for row in shown] == list(range(12))
        assert all(value in ("", None) for row in shown[: layer + 1] for value in row[1:])
        for row in expected[2:]:
            assert shown[row[0]][1 + row[1]] == pytest.approx(row[number], abs=1e-5)


def test_another_prompt_changes_only_the_tabs_that_depend_on_it(scan: Workbook) -> None:
    scan.set("prompt", "Mike is quick. He moves")
    changed = {address.split("!")[0].strip("'") for address in scan.recalculate()}
    assert changed == {"Start", "Prompt", "Tokens", *TABS[4:9], *TABS[10:13]}
    guesses = rows_below(scan, "Logit lens", "layer", "A:G")
    assert guesses[13][6] == " quickly" == scan.get("next_token")
    assert scan.get("attribution_check") < 1e-3
    scan.set("prompt", mri.PROMPT)
    scan.recalculate()
    assert scan.get("next_token") == ANSWER


def test_surgery_in_the_model_text_reaches_every_tab(tiny: Workbook) -> None:
    parts = dict(row[:3:2] for row in rows_below(tiny, "Attribution", "component", "A:D"))
    tiny.set("model_name", "tiny ; scale h.1.mlp by 0")
    tiny.recalculate()
    silent = {row[0]: row[3] for row in rows_below(tiny, "Attribution", "component", "A:D")}
    assert set(parts) == set(silent)
    assert silent["h.1.mlp"] == 0
    assert tiny.get("attribution_check") < 1e-3


@pytest.mark.parametrize(("edits", "line"), MESSAGES.values(), ids=MESSAGES)
def test_every_cell_that_depends_on_a_wrong_input_shows_the_message(tiny: Workbook, edits: Edits, line: str) -> None:
    message = message_after(tiny, edits, line)
    assert tiny.get_range("next_tokens")[0][0] == message
    everywhere = {tab: {v for row in tiny.get_range(f"'{tab}'!A1:Z60") for v in row} for tab in TABS}
    holds = {tab for tab, values in everywhere.items() if message in values}
    of_the_prompt = {"Start", "Prompt", "Tokens", *TABS[4:9], *TABS[10:13]}
    assert holds == (of_the_prompt if "prompt" in edits else set(TABS) - {"Tour", "Glossary"})
    assert not errors(tiny)


def test_a_workbook_for_a_model_of_another_shape(tiny: Workbook) -> None:
    assert tiny.get("status") == "ready"
    assert not errors(tiny)
    assert tiny.get("attribution_check") < 1e-3
    assert rows_below(tiny, "Circuit", "parts kept", "A:B")[0][1] == 3 * 5  # every part is ticked
    whole = [row[2] == 1 for row in rows_below(tiny, "Circuit", "prompt", "A:F")[1:8]]
    assert tiny.get("still_right") == sum(whole) / 7


def test_bos_comes_before_the_prompt(tiny: Workbook) -> None:
    tiny.set("model_name", "tiny ; bos")
    tiny.set("prompt", "a b c")
    tiny.recalculate()
    assert rows_below(tiny, "Logit lens", "layer", "A:F")[0] == ["layer", "<|endoftext|>", "a", " b", " c", None]
    assert rows_below(tiny, "Attention", "looks from", "A:A")[1] == ["<|endoftext|>"]
    assert not errors(tiny)


def test_a_patched_sentence_must_fit(tiny: Workbook) -> None:
    tiny.recalculate()
    cell = next(f"Patching!A{row}" for row in range(15, 24) if "GPT2" in str(tiny.get(f"Patching!A{row}")))
    assert "room for fewer tokens than clean has" in str(tiny.get(cell))


def test_bos_takes_room_in_a_patched_sentence_too(tmp_path: Path) -> None:
    workbook = recalculated(build("mri", tmp_path, model="tiny", tokens=14))
    assert rows_below(workbook, "Patching", "layer", "A:A")
    workbook.set("model_name", "tiny ; bos")
    workbook.recalculate()
    texts = {value for (value,) in workbook.get_range("Patching!A1:A60") if isinstance(value, str)}
    assert any(text.endswith("gpt2-excel new mri --host office --tokens 15") for text in texts)


def test_long_prompts_lack_only_the_thumbnails(tmp_path: Path) -> None:
    workbook = recalculated(build("mri", tmp_path, tokens=60, prompt="a b c d e f g " * 8, model="tiny"))
    assert workbook.get("status") == "ready"
    assert "at most 48 tokens have room here" in str(workbook.get("'All heads'!B7"))
    assert not errors(workbook)
    pattern = numbers([row[1:] for row in rows_below(workbook, "Attention", "looks from", "A:BE")[1:57]])
    assert pattern.sum(axis=1) == pytest.approx(np.ones(56), abs=1e-4)


@pytest.mark.parametrize("tokens", [9, 16, 17])
def test_no_row_of_the_prompt_is_hidden(tmp_path: Path, tokens: int) -> None:
    office = opened(build("mri", tmp_path, model="tiny", tokens=tokens, prompt="a b c d e f g h i"))
    header = next(cell for tab, cell, text in formulas(office) if tab == "Attention" and "GPT2_KQ" in text)
    first = int(header[1:]) + 1
    hidden = [office["Attention"].row_dimensions[row].hidden for row in range(first, first + tokens + 1)]
    assert hidden == [False] * (9 + 1) + [True] * (tokens - 9)  # the last row holds the biases' share for any query
