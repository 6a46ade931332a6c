"""The tab Prompt, with unusual prompts, in every workbook that calls our functions."""

from __future__ import annotations

import pytest

import udfs
from tests.books import DEMO, TINY, Books
from tests.workbook_templates.messages import message_after
from tests.workbook_templates.values import rows_below
from udfs.models.demo.prompts import WORKING

GUARDED = ("mri", "surgery", "generation", "check")  # whose functions take the prompt's text


@pytest.mark.parametrize("template", GUARDED)
def test_a_blank_prompt_is_a_message_even_with_bos(template: str, books: Books) -> None:
    with books.calculated(template, **TINY) as workbook:
        message_after(workbook, {"prompt": None, "model_name": "tiny ; bos"}, "the prompt is empty")


def test_the_anatomy_workbook_can_follow_bos_alone(books: Books) -> None:
    with books.calculated("anatomy", **TINY) as workbook:
        workbook.set("prompt", None)
        workbook.set("model_name", "tiny ; bos")
        workbook.recalculate()
        assert workbook.get("status") == "ready"
        assert workbook.get("next_token") == udfs.gpt2_predict("<|endoftext|>", 1, 1, "tiny")[1][1]


def test_a_number_is_text_and_not_a_token_id(books: Books) -> None:
    with books.calculated("mri", **TINY) as workbook:
        workbook.set("prompt", 15496)
        workbook.recalculate()
        written = rows_below(workbook, "Attention", "token", "A:A")
        assert [row[0] for row in written[1:4]] == ["15", "496", None]
        assert workbook.get_range("tokens")[1:3] == [[0, "15", 1314], [1, "496", 37747]]


@pytest.mark.parametrize("template", [*GUARDED, "anatomy"])
def test_unknown_words_are_named_beside_the_answer(template: str, books: Books) -> None:
    with books.calculated(template, **DEMO) as workbook:
        assert workbook.get("caveat") == ""
        before = workbook.get("status")
        workbook.set("prompt", "The quokka is")
        workbook.recalculate()
        caveat = "demo never learned: quokka. Its answer is a guess."
        assert workbook.get("caveat") == caveat
        assert caveat in [value for row in workbook.used_values("Start") for value in row]
        assert workbook.get("status") == before == "ready"
        workbook.set("prompt", "one " * 30)
        workbook.recalculate()
        assert workbook.get("caveat") == ""


@pytest.mark.parametrize("host", ["office", "calc"])
@pytest.mark.parametrize("template", ["mri", "generation"])
def test_the_prompt_cell_offers_prompts_and_takes_any_other_text(template: str, host: str, books: Books) -> None:
    book = books.cells(books.small(template, host=host))
    cell = book.defined_names["prompt"].attr_text.rpartition("!")[2].replace("$", "")
    (rule,) = [rule for rule in book["Prompt"].data_validations.dataValidation if cell in str(rule.sqref)]
    assert (rule.type, rule.showErrorMessage) == ("list", False)
    offered = [row[0].value for row in book["Prompt"][rule.formula1.replace("$", "")]]
    assert offered == [prompt for group in WORKING for prompt in group.prompts]
