"""Every function in a real browser, as Excel's runtime of custom functions calls it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import udfs
from tests.addin.office.browser import RUNTIMES, excel_calls, needs_chromium, open_page
from tests.addin.office.running import Running
from tests.udfs.example_calls import MODEL, WORKING
from udfs.cells import ERROR_MARK, FUNCTIONS, as_table

pytestmark = needs_chromium


@pytest.fixture(scope="module", params=RUNTIMES)
def page(request: pytest.FixtureRequest, server: Running) -> Iterator[Any]:
    with open_page(server, request.param) as opened:
        yield opened


def test_every_function_is_registered(page: Any) -> None:
    assert page.evaluate("Object.keys(fakeExcel.registered())") == list(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives_what_the_backend_gives(page: Any, name: str) -> None:
    given = {"model": MODEL} | WORKING[name.lower()]
    arguments = [given.get(argument.name) for argument in FUNCTIONS[name].arguments]
    rows = excel_calls(page, name, *arguments)
    assert_same(rows, as_table(FUNCTIONS[name].answer(arguments)))


def assert_same(rows: Any, expected: list[list[Any]]) -> None:
    """Texts and blanks must be equal, numbers equal within float32's tolerance."""
    assert [len(row) for row in rows] == [len(row) for row in expected]
    for got, wanted in zip(np.array(rows, object).ravel(), np.array(expected, object).ravel(), strict=True):
        if isinstance(wanted, (int, float)):
            assert_allclose(got, wanted, rtol=1e-6)
        else:
            assert got == ("" if wanted is None else wanted)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("GPT2_BLOCK", [3, np.ones((1, 32)).tolist(), "tiny"]),
        ("GPT2_PREDICT", ["hello", 3, 1, "no such model"]),
        ("GPT2_PREDICT", ["hello", [[1, 2]]]),
        ("GPT2_GELU", [[[1.0, None, 2.0]]]),
        ("GPT2_EMBED", [None]),
    ],
)
def test_a_wrong_argument_is_one_line_in_the_cell(page: Any, name: str, arguments: list[Any]) -> None:
    (((line,),),) = (FUNCTIONS[name].answer(arguments),)
    assert line.startswith(ERROR_MARK)
    assert excel_calls(page, name, *arguments) == [[line]]


def test_an_error_cell_is_named(page: Any) -> None:
    assert excel_calls(page, "GPT2_GELU", [[1, {"error": "#DIV/0!"}]]) == [
        [f"{ERROR_MARK}x has the error #DIV/0! in row 1, column 2"]
    ]


def test_blanks_at_the_end_are_no_data_and_blank_arguments_are_left_out(page: Any) -> None:
    assert excel_calls(page, "GPT2_GELU", [[0, ""], ["", ""]]) == [[0]]
    assert excel_calls(page, "GPT2_PREDICT", "hello", None, "", "tiny") == excel_calls(
        page, "GPT2_PREDICT", "hello", 10, 1, "tiny"
    )


def test_a_canceled_call_ends_at_once(page: Any) -> None:
    answer = page.evaluate(
        """() => {
            const asked = fakeExcel.call("GPT2_LOGITLENS", [[["a b c"]], null, null, null, [["demo"]]], "first");
            fakeExcel.cancel("first");
            return asked;
        }"""
    )
    assert answer == {"code": "#N/A", "message": "canceled"}


def test_a_server_that_is_gone_is_one_line_in_the_cell(page: Any) -> None:
    page.route("**/call/**", lambda route: route.abort())
    try:
        shown = excel_calls(page, "GPT2_TOKENIZE", "hello")
    finally:
        page.unroute("**/call/**")
    assert shown == [[f"{ERROR_MARK}the server does not answer: start it with gpt2-excel serve"]]


def test_the_page_asks_again_while_the_server_is_busy(page: Any) -> None:
    refusals = [503, 503]

    def answer(route: Any) -> None:
        route.fulfill(status=refusals.pop(), json={"error": "busy"}) if refusals else route.continue_()

    page.route("**/call/**", answer)
    try:
        rows = excel_calls(page, "GPT2_TOKENIZE", "hello")
    finally:
        page.unroute("**/call/**")
    assert (rows[1], refusals) == ([0, "hello", 31373], [])


def test_64_x_768_there_and_back(page: Any) -> None:
    array = np.random.default_rng(0).standard_normal((64, 768)).astype(np.float32)
    answer = page.evaluate("(rows) => fakeExcel.registered().GPT2_GELU(rows, {})", array.tolist())
    np.testing.assert_allclose(answer, udfs.gpt2_gelu(array), rtol=1e-12)
