"""A formula over the columns of a table."""

from __future__ import annotations

from typing import Any

import pytest

import udfs
from addin.errors import AddinError
from addin.mapping.row_formula import ERROR, RowFormula

COLUMNS = ("id", "Text", "my noun", "a1")
ROWS: list[list[Any]] = [
    [1.0, "The cat sat", "cat", " the"],
    [2.0, "hello", "dog", " a"],
    [3.0, None, "cow", " of"],
    [4.0, "word " * 80, "cat", "two words"],
    [5.0, "The dog sat on", "cat", 11.0],
]


def answers(formula: str, model: str = "tiny") -> list[dict[str, Any]]:
    return RowFormula(formula, COLUMNS, model).answers(ROWS)


def test_a_function_of_prompts_gives_every_row_what_it_gives_alone() -> None:
    found = answers("GPT2_PREDICT(text, 2)")
    for place in (0, 1, 4):
        alone = udfs.gpt2_predict(ROWS[place][1], 2, 1, "tiny")
        assert list(found[place]) == ["token", "id", "logit", "probability"] + [
            f"{title} 2" for title in ("token", "id", "logit", "probability")
        ]
        assert [found[place]["id"], found[place]["id 2"]] == [alone[1][2], alone[2][2]]
        assert found[place]["probability"] == pytest.approx(alone[1][4], rel=1e-4)


def test_errors_stay_with_their_rows() -> None:
    found = answers("=gpt2_predict(TEXT)")
    assert found[2][ERROR].startswith("prompt is missing")
    assert found[3][ERROR].startswith("prompt must have 1 to 64 tokens for tiny, not")
    assert [ERROR in answer for answer in found] == [False, False, True, True, False]


def test_a_column_of_targets_goes_with_the_prompts() -> None:
    found = answers("GPT2_LENS_TRACK(text, a1)")
    assert found[0]["rank"] == udfs.gpt2_lens_track("The cat sat", " the", -1, "tiny")[-1][3]
    assert found[4]["rank"] == udfs.gpt2_lens_track("The dog sat on", 11, -1, "tiny")[-1][3]
    assert found[3][ERROR].startswith("prompt must have")


def test_arguments_are_formulas_of_columns() -> None:
    found = answers('GPT2_GENERATE("The " & [my noun], 1 + IF(id > 2, 2, 1))')
    expected = [udfs.gpt2_generate(f"The {row[2]}", 3 if row[0] > 2 else 2, model="tiny") for row in ROWS]
    assert [answer["value"] for answer in found] == expected


def test_an_argument_may_be_an_array() -> None:
    found = RowFormula("GPT2_GELU({0,1}*id)", COLUMNS).answers(ROWS)
    assert [answer["value 2"] for answer in found] == [udfs.gpt2_gelu([[row[0]]])[0][0] for row in ROWS]


def test_a_model_may_differ_from_row_to_row() -> None:
    sweep = RowFormula('GPT2_PREDICT("hello", 1, 1, "tiny ; scale h.1.mlp by " & id)', COLUMNS)
    found = sweep.answers(ROWS)
    for row, answer in zip(ROWS, found, strict=True):
        alone = udfs.gpt2_predict("hello", 1, 1, f"tiny ; scale h.1.mlp by {row[0]:.0f}")[1]
        assert answer["id"] == alone[2]
        assert answer["logit"] == pytest.approx(alone[3], rel=1e-4)
    assert len(sweep.models(ROWS)) == 5
    assert RowFormula("GPT2_PREDICT(text)", COLUMNS).models(ROWS) == ["demo"]


def test_functions_without_columns_give_the_rows_of_their_tables_side_by_side() -> None:
    found = answers("GPT2_TOKENIZE(text)")[0]
    table = udfs.gpt2_tokenize("The cat sat", "tiny")
    assert list(found) == ["position", "token", "id", "position 2", "token 2", "id 2", "position 3", "token 3", "id 3"]
    assert list(found.values()) == [cell for row in table[1:] for cell in row]


def test_scores_need_no_prompt_argument() -> None:
    found = answers("GPT2_SCORE(text)")
    assert found[1] == {**found[1], "tokens": 1, "perplexity": None}


def test_rows_do_not_depend_on_errors_beside_them_but_for_the_last_digits() -> None:
    good = [row for row, answer in zip(ROWS, answers("GPT2_PREDICT(text)"), strict=True) if ERROR not in answer]
    formula = RowFormula("GPT2_PREDICT(text)", COLUMNS, "tiny")
    for answer, again in zip(formula.answers(good), [formula.answers(ROWS)[at] for at in (0, 1, 4)], strict=True):
        assert answer["id"] == again["id"]
        assert answer["logit"] == pytest.approx(again["logit"], rel=1e-4)
    assert formula.answers(ROWS) == formula.answers(ROWS)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (
            "GPT2_PREDIC(text)",
            "FORMULA must call a function of gpt2-excel, not GPT2_PREDIC; did you mean GPT2_PREDICT?",
        ),
        ("SUM(id)", "FORMULA must call a function of gpt2-excel, not SUM"),
        ("text", "FORMULA must call a function, as in GPT2_PREDICT(text, 5), not 'text'"),
        ("GPT2_PREDICT(text", "FORMULA: cannot read the end in the formula GPT2_PREDICT(text"),
        ("GPT2_PREDICT(txt)", "FORMULA: the table has no column txt; did you mean Text?"),
        ("GPT2_PREDICT(B7)", "FORMULA: the table has no column b7, only id, Text, my noun, a1"),
        ("GPT2_PREDICT(text,1,1,,2)", "FORMULA: GPT2_PREDICT takes at most 4 arguments, not 5"),
        ('GPT2_PREDICT(text,1,1,"demo")', "--model: FORMULA already names a model"),
        ("GPT2_GELU(id)", "--model: the function of FORMULA takes no model"),
    ],
)
def test_a_wrong_formula_is_one_line(formula: str, message: str) -> None:
    with pytest.raises(AddinError) as error:
        RowFormula(formula, COLUMNS, "tiny")
    assert str(error.value) == message


def test_what_cannot_be_calculated_is_one_line() -> None:
    with pytest.raises(AddinError, match=r"^FORMULA uses CELL, which cannot be calculated here$"):
        RowFormula('GPT2_PREDICT(CELL("row"))', COLUMNS, "tiny").answers(ROWS)
