"""The values of the generation workbook: its tabs, edits that flow on, the claims of its Start tab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import udfs
from addin.headless import Workbook
from tests.books import DEMO, TINY, Books
from tests.workbook_templates.messages import MESSAGES, Edits, message_after
from tests.workbook_templates.values import errors, rows_below
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import LIGHTSABER, PHONE
from workbook_templates import build, generation
from workbook_templates.generation import log_probabilities, prompt_cache

PROMPT = generation.PROMPT
TABS = ["Start", "Tour", "Prompt", "Sampling", "Temperature", "Beam", "Log-probabilities", "Speculative decoding"]
TABS += ["Rewind", "Order matters", "Prompt cache", "Glossary"]
HOW = (1, 6, 0.9, 3)  # the tab's defaults for temperature, top_k, top_p and seed
DRAFT = "demo ; scale h.11.attn by 0 ; scale h.11.mlp by 0"
# The cells that the tab Start suggests to edit.
TEMPERATURE, SEED, TEXT = "Sampling!B8", "Sampling!B11", "'Log-probabilities'!B6"


@pytest.fixture(scope="module")
def book(books: Books) -> Iterator[Workbook]:
    """The workbook with its default prompt. Tests that edit it undo their edits."""
    with books.calculated("generation", **DEMO) as workbook:
        yield workbook


@pytest.fixture
def tiny(books: Books) -> Iterator[Workbook]:
    """A workbook for the model `tiny`, with room for 9 tokens."""
    with books.calculated("generation", **TINY) as workbook:
        yield workbook


def labelled(workbook: Workbook, tab: str, label: str, column: int = 1) -> object:
    """The value beside a label in the first column."""
    return rows_below(workbook, tab, label, "A:K")[0][column]


def input_of(workbook: Workbook, tab: str, label: str) -> str:
    """The address of the input beside a label in the first column."""
    labels = [row[0] for row in workbook.get_range(f"'{tab}'!A1:A40")]
    return f"'{tab}'!B{labels.index(label) + 1}"


def table_of(workbook: Workbook, tab: str, corner: str, last: str) -> list[list[object]]:
    """A table with its header, up to the first row whose first cell is blank. Blank cells are None."""
    rows = rows_below(workbook, tab, corner, f"A:{last}")
    filled = next((number for number, row in enumerate(rows) if row[0] in (None, "")), len(rows))
    return rows[:filled]


def same(found: list[list[object]], expected: list[list[object]]) -> bool:
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        for a, b in zip(mine, theirs, strict=False):
            wanted = pytest.approx(b, abs=1e-5) if isinstance(b, float) else b
            assert ("" if a is None else a) == ("" if b is None else wanted), (mine, theirs)
    return True


def typed(workbook: Workbook, cell: str, value: object) -> object:
    """Types into a cell, and returns its value before."""
    before = workbook.get(cell)
    workbook.set(cell, value)
    workbook.recalculate()
    return before


def test_the_tabs_and_no_errors(book: Workbook) -> None:
    assert book.sheet_names == TABS
    assert book.get("status") == "ready"
    assert not errors(book)
    assert not [value for tab in TABS for row in book.get_range(f"'{tab}'!A1:Z240") for value in row
                if isinstance(value, str) and value.startswith("#GPT2!") and tab != "Start"]  # fmt: skip
    assert book.get("next_token") == udfs.gpt2_predict(PROMPT, 1, 1, "demo")[1][1]


def test_sampling_shows_the_text_and_how_it_was_drawn(book: Workbook) -> None:
    assert labelled(book, "Sampling", "sampled") == udfs.gpt2_generate(PROMPT, 16, *HOW, "demo")
    assert labelled(book, "Sampling", "greedy") == udfs.gpt2_generate(PROMPT, 16, model="demo")
    steps = table_of(book, "Sampling", "step", "X")
    assert same(steps, udfs.gpt2_generate_steps(PROMPT, 16, *HOW, 8, "demo"))
    assert "".join(str(row[1]) for row in steps[1:-1]) == labelled(book, "Sampling", "sampled")
    candidates = table_of(book, "Sampling", "rank", "H")
    assert same(candidates, udfs.gpt2_candidates(PROMPT, 12, *HOW[:3], "demo"))
    number = labelled(book, "Sampling", "random")
    drawn = next(row for row in candidates[1:] if row[7] > number)
    assert drawn[1] == steps[1][1]


def test_temperatures_show_the_same_tokens(book: Workbook) -> None:
    rows = rows_below(book, "Temperature", "rank", "A:K")
    assert rows[0][6:] == [0.2, 0.5, 1, 1.5, 3]
    for column, temperature in enumerate(rows[0][6:], start=6):
        expected = udfs.gpt2_predict(PROMPT, 10, temperature, "demo")
        assert [row[column] for row in rows[1:11]] == pytest.approx([row[4] for row in expected[1:]], abs=1e-6)
        assert sum(row[column] for row in rows[1:12]) == pytest.approx(1)
    assert [row[1] for row in rows[1:12]] == [row[1] for row in udfs.gpt2_predict(PROMPT, 10, 1, "demo")[1:]] + [
        "all others"
    ]
    for row in book.get_range("Temperature!A40:B48"):
        if isinstance(row[0], float):
            assert row[1] == udfs.gpt2_generate(PROMPT, 16, row[0], 0, 1, HOW[3], "demo")


def test_the_probability_of_all_other_tokens_is_not_negative(book: Workbook) -> None:
    typed(book, "prompt", "If today is Tuesday, tomorrow is")
    others = rows_below(book, "Temperature", "rank", "A:K")[11]
    assert others[1] == "all others"
    assert [value for value in (others[4], *others[6:]) if not 0 <= float(str(value)) < 1] == []
    typed(book, "prompt", PROMPT)


def test_beam_search_finds_a_likelier_text_than_greedy(book: Workbook) -> None:
    beams = table_of(book, "Beam", "beam", "E")
    assert same(beams, udfs.gpt2_beam(PROMPT, 16, 4, "demo"))
    greedy = rows_below(book, "Beam", "greedy", "A:E")[0]
    assert greedy[4] == labelled(book, "Sampling", "greedy")
    assert max(row[2] for row in beams[1:]) > greedy[2]
    assert same(table_of(book, "Beam", "step", "G"), udfs.gpt2_beam_steps(PROMPT, 16, 4, "demo"))


def test_a_text_is_coloured_by_surprise(book: Workbook) -> None:
    table = table_of(book, "Log-probabilities", "position", "I")
    expected = udfs.gpt2_logprobs(log_probabilities.TEXT, "demo")
    assert same(table, expected)
    assert labelled(book, "Log-probabilities", "perplexity") == pytest.approx(expected[-1][7])
    surprises = [row[5] for row in expected[2:]]
    assert labelled(book, "Log-probabilities", "mean surprise") == pytest.approx(sum(surprises) / len(surprises))
    coloured = rows_below(book, "Log-probabilities", "bits", "A:I")
    tokens = [value for row in coloured[1:12:2] for value in row[1:] if value]
    assert tokens == [row[1] for row in expected[1:]]
    bits = [value for row in coloured[2:13:2] for value in row[1:] if value not in (None, "")]
    assert bits == pytest.approx(surprises)


def test_the_trace_of_speculative_decoding(book: Workbook) -> None:
    tab = "Speculative decoding"
    trace = table_of(book, tab, "round", "K")
    expected = udfs.gpt2_speculate(PROMPT, 24, DRAFT, facts().speculation_seed, 1, 4, "demo")
    assert same(trace, expected)
    outcomes = [row[9] for row in expected[1:]]
    assert labelled(book, tab, "text") == expected[-1][10]
    assert labelled(book, tab, "passes") == expected[-1][0] < labelled(book, tab, "tokens kept") == expected[-1][1] + 1
    accepted, rejected = outcomes.count("accepted"), outcomes.count("rejected")
    assert labelled(book, tab, "accepted") == pytest.approx(accepted / (accepted + rejected))
    assert accepted
    assert rejected
    assert labelled(book, tab, "check") == ""


def test_at_temperature_0_the_drafted_text_is_the_greedy_one(book: Workbook) -> None:
    cell = "'Speculative decoding'!B11"
    assert book.get(cell) == 1
    typed(book, cell, 0)
    assert labelled(book, "Speculative decoding", "check") == "the same as greedy"
    assert labelled(book, "Speculative decoding", "text") == udfs.gpt2_generate(PROMPT, 24, model="demo")
    typed(book, cell, 1)


def test_seed_and_temperature_have_the_effects_that_start_describes(book: Workbook) -> None:
    first = labelled(book, "Sampling", "sampled")
    assert typed(book, SEED, 7) == 3
    assert labelled(book, "Sampling", "sampled") not in (first, labelled(book, "Sampling", "greedy"))
    assert typed(book, TEMPERATURE, 0) == 1
    assert labelled(book, "Sampling", "sampled") == labelled(book, "Sampling", "greedy")
    typed(book, TEMPERATURE, 1)
    typed(book, SEED, 3)
    assert labelled(book, "Sampling", "sampled") == first


def test_the_text_has_the_surprises_that_start_describes(book: Workbook) -> None:
    def surprises() -> dict[object, float]:
        return {row[1]: float(str(row[5])) for row in table_of(book, "Log-probabilities", "position", "I")[2:]}

    before = labelled(book, "Log-probabilities", "perplexity")
    wrong = surprises()
    assert max(wrong, key=lambda token: wrong[token]) == " phone"
    assert min(wrong[" slowly"], wrong[" phone"]) >= 6, "dark"
    old = typed(book, TEXT, "Mike is quick. He moves quickly. Anna is a Jedi. She pulls out her lightsaber.")
    assert old == log_probabilities.TEXT
    right = surprises()
    assert max(right[" quickly"], right[" lightsaber"]) < 1, "white"
    assert labelled(book, "Log-probabilities", "perplexity") < before
    typed(book, TEXT, None)
    assert [row[1] for row in table_of(book, "Log-probabilities", "position", "I")[1:]] == ["Peter", " is"]
    typed(book, TEXT, old)


def test_a_text_that_is_too_long_is_a_message_not_a_partial_sum(tiny: Workbook) -> None:
    typed(tiny, TEXT, "a " * 47 + "b")
    assert labelled(tiny, "Log-probabilities", "perplexity") == rows_below(tiny, "Log-probabilities", 47)[0][7]
    typed(tiny, TEXT, "a " * 48 + "b")
    message = "#GPT2! this tab has room for 48 tokens, the text has 49"
    assert labelled(tiny, "Log-probabilities", "perplexity") == message
    typed(tiny, "model_name", "tiny ; bos")
    typed(tiny, TEXT, "a " * 47 + "b")
    assert labelled(tiny, "Log-probabilities", "perplexity") == message


def test_all_of_a_long_prompt_is_summed_up(tmp_path: Path) -> None:
    prompt = "a " * 59 + "b"
    workbook = Workbook.open(build("generation", tmp_path, model="tiny", tokens=60, prompt=prompt))
    workbook.set(TEXT, None)
    workbook.recalculate()
    expected = udfs.gpt2_logprobs(prompt, "tiny")
    assert len(expected) == 1 + 60
    assert labelled(workbook, "Log-probabilities", "perplexity") == pytest.approx(expected[-1][7])


def test_the_draft_has_the_effect_that_start_describes(book: Workbook) -> None:
    cell = "'Speculative decoding'!B8"
    assert typed(book, cell, book.get("model")) == DRAFT
    assert labelled(book, "Speculative decoding", "accepted") == 1
    typed(book, cell, None)
    without_last_block = labelled(book, "Speculative decoding", "text")
    typed(book, cell, DRAFT)
    assert labelled(book, "Speculative decoding", "text") == without_last_block


def test_another_prompt_has_the_effect_that_start_describes(book: Workbook) -> None:
    typed(book, "prompt", "If today is Tuesday, tomorrow is")
    texts = [labelled(book, "Sampling", "sampled"), labelled(book, "Speculative decoding", "text")]
    texts += [row[4] for row in table_of(book, "Beam", "beam", "E")[1:2]]
    assert all(str(text).startswith(" Wednesday") for text in texts), texts
    assert not errors(book)
    typed(book, "prompt", PROMPT)


def test_a_text_goes_on_from_another_token(book: Workbook) -> None:
    greedy = udfs.gpt2_generate(PROMPT, 12, model="demo")
    assert labelled(book, "Rewind", "as it was") == PROMPT + greedy == "Peter is a very good cook."
    assert labelled(book, "Rewind", "read again") == "Peter is a Jedi"
    assert labelled(book, "Rewind", "rewound") == "Peter is a Jedi" + udfs.gpt2_generate(
        "Peter is a Jedi", 10, model="demo"
    )
    header, *steps = table_of(book, "Rewind", "step", "M")
    expected = udfs.gpt2_generate_steps(PROMPT, 12, 1, 1, 1, 0, 5, "demo")
    assert [header, *steps] == [[*row[:3], *row[8:]] for row in expected]
    assert "".join(str(row[1]) for row in steps[:-1]) == greedy
    assert " Jedi" not in [row[1] for row in steps]


def test_the_first_step_can_be_replaced_too(book: Workbook) -> None:
    typed(book, input_of(book, "Rewind", "back to step"), 1)
    typed(book, input_of(book, "Rewind", "put there"), " Anna")
    assert labelled(book, "Rewind", "read again") == "Peter is Anna"
    typed(book, input_of(book, "Rewind", "back to step"), 2)
    typed(book, input_of(book, "Rewind", "put there"), " Jedi")


def test_the_same_words_in_another_order(book: Workbook) -> None:
    rows = rows_below(book, "Order matters", "order", "A:G")[1:5]
    for _, text, token, logit, probability, seen, _ in rows:
        asked = str(text) if str(text).endswith("his") else "He pulls out his"
        _, expected, _, its_logit, its_probability = udfs.gpt2_predict(asked, 1, 1, "demo")[1]
        assert (token, seen) == (expected, len(udfs.gpt2_tokenize(asked, "demo")) - 1)
        assert [logit, probability] == pytest.approx([its_logit, its_probability], abs=1e-4)
    assert [row[2] for row in rows] == [LIGHTSABER, LIGHTSABER, PHONE, LIGHTSABER]
    assert rows[0][4] != pytest.approx(rows[1][4], abs=0.05), "more sure, or less"


def test_an_appended_token_changes_no_other_row(book: Workbook) -> None:
    tab = "Prompt cache"
    rows = rows_below(book, tab, "token", "A:T")[1:9]
    texts = (prompt_cache.TUESDAY, prompt_cache.TUESDAY + prompt_cache.APPENDED, prompt_cache.CHANGED)
    for column, text in zip((0, 7, 14), texts, strict=True):
        stream = udfs.gpt2_residual(text, "h.12", "demo")
        for row, values, token in zip(rows, stream, udfs.gpt2_tokenize(text, "demo")[1:], strict=False):
            assert row[column] == token[1]
            assert row[column + 1 : column + 5] == pytest.approx(values[:4].tolist(), abs=1e-5)
    assert [row[12] for row in rows] == [*7 * ["same"], "new"]
    assert [row[19] for row in rows] == [*7 * ["changed"], ""]
    assert (labelled(book, tab, "token appended"), labelled(book, tab, "other text")) == (7, 0)
    assert (labelled(book, tab, "rows without"), labelled(book, tab, "rows with")) == (sum(range(7, 107)), 7 + 99)


def test_without_a_text_of_its_own_the_prompt_is_cached(book: Workbook) -> None:
    typed(book, input_of(book, "Prompt cache", "text"), None)
    assert [row[0] for row in rows_below(book, "Prompt cache", "token", "A:B")[1:4]] == ["Peter", " is", None]
    typed(book, "model_name", "demo ; bos")
    shown = [row[0] for row in rows_below(book, "Prompt cache", "token", "A:B")[1:4]]
    assert shown == ["<|endoftext|>", "Peter", " is"]
    assert labelled(book, "Prompt cache", "token appended") == 3
    expected = udfs.gpt2_predict("He pulls out his", 1, 1, "demo ; bos")[1][1]
    assert rows_below(book, "Order matters", "order", "A:G")[3][2] == expected
    typed(book, "model_name", "demo")
    typed(book, input_of(book, "Prompt cache", "text"), prompt_cache.TUESDAY)


def test_a_model_of_any_shape_with_surgery(book: Workbook) -> None:
    typed(book, "model_name", "tiny ; scale h.1.mlp by 0")
    assert book.get("status") == "ready"
    expected = udfs.gpt2_generate(PROMPT, 16, *HOW, "tiny ; scale h.1.mlp by 0")
    assert labelled(book, "Sampling", "sampled") == expected
    typed(book, "model_name", "demo")


@pytest.mark.parametrize("what", ["too long", "empty", "no model"])
def test_every_cell_that_depends_on_a_wrong_input_shows_the_message(tiny: Workbook, what: str) -> None:
    edits: Edits
    edits, line = MESSAGES[what]
    message = message_after(tiny, edits, line)
    for tab in TABS:
        if tab in ("Tour", "Glossary"):
            continue
        assert any(message in row for row in tiny.get_range(f"'{tab}'!A1:Z100")), tab
    assert not errors(tiny)


@pytest.mark.parametrize(
    ("cell", "value", "line"),
    [
        (TEMPERATURE, -1, "temperature must be 0 to 1000, not -1"),
        (SEED, "x", "seed must be a whole number 0 to 999999"),
        ("Temperature!G7", "x", "temperature must be 0 to 1000"),
        ("Beam!B7", 0, "tokens must be a whole number 1 to"),
        ("'Speculative decoding'!B8", "no such", "draft: model must be one on this machine"),
    ],
)
def test_a_wrong_choice_is_one_line_and_nothing_breaks(
    tiny: Workbook, cell: str, value: float | str, line: str
) -> None:
    typed(tiny, cell, value)
    tab = cell.partition("!")[0].strip("'")
    assert any(line in str(value) for row in tiny.get_range(f"'{tab}'!A1:Z100") for value in row)
    assert not errors(tiny)
