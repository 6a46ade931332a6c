"""Our page in a real browser: the task pane, and every function as Excel's runtime of custom functions calls it."""

from __future__ import annotations

import base64
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from starlette.exceptions import HTTPException

import udfs
from addin.office import app, calls, limits
from addin.office.json_values import MAX_BATCH, Call
from addin.office.metadata import catalog
from addin.office.packed import read_packed
from tests.addin.office.browser import RUNTIMES, another_page, excel_calls, needs_chromium, open_page, playwright
from tests.addin.office.running import Running, running
from tests.addin.office.slow import Slow
from tests.udfs.example_calls import MODEL, WORKING
from udfs.cells import ERROR_MARK, FUNCTIONS, as_table

pytestmark = needs_chromium


@pytest.fixture(scope="module", params=RUNTIMES)
def page(request: pytest.FixtureRequest, server: Running) -> Iterator[Any]:
    with open_page(server, request.param) as opened:
        yield opened


@pytest.fixture
def pane(page: Any, request: pytest.FixtureRequest) -> Any:
    """The page in the fake of Excel, which keeps what the task pane inserts and opens."""
    if request.node.callspec.params["page"] != "fake":
        pytest.skip("Microsoft's runtime has no workbook")
    return page


def test_the_pane_says_how_things_are(pane: Any) -> None:
    playwright.expect(pane.locator("#server")).to_have_text("The server is up")
    playwright.expect(pane.locator("#model")).to_have_text(
        "Model: demo, a small teaching model with GPT-2's architecture, not GPT-2. Also here: tiny."
    )
    playwright.expect(pane.locator("#templates li").nth(2)).to_be_visible()
    playwright.expect(pane.locator("#downloads")).to_be_hidden()


def test_functions_are_searched_and_examples_inserted(pane: Any) -> None:
    pane.fill("#search", "one head gathers")
    shown = pane.locator("#functions li:visible")
    playwright.expect(shown.locator(".name")).to_have_text(["GPT2_ATTENTION_MIX"])
    shown.locator("summary").click()
    shown.get_by_role("button", name="Insert").click()
    playwright.expect(pane.locator("#message")).to_have_text("Inserted in Sheet1!A1.")
    example = next(one["example"] for one in catalog() if one["name"] == "GPT2_ATTENTION_MIX")
    assert pane.evaluate("fakeExcel.formulas[0]") == example
    pane.fill("#search", "zebras and giraffes")
    playwright.expect(pane.locator("#message")).to_have_text("No function has all these words.")
    pane.fill("#search", "")
    playwright.expect(shown).to_have_count(len(FUNCTIONS))


def test_a_workbook_opens_from_the_pane(pane: Any) -> None:
    button = pane.locator("#templates li", has_text="2_mri").get_by_role("button", name="Open")
    button.click()  # which disables it until the workbook is open
    playwright.expect(button).to_be_enabled()
    with zipfile.ZipFile(BytesIO(base64.b64decode(pane.evaluate("fakeExcel.workbooks[0]")))) as file:
        sheets = [file.read(name).decode() for name in file.namelist() if re.match(r"xl/worksheets/sheet\d", name)]
    formulas = [formula for sheet in sheets for formula in re.findall(r"<f[^>]*>([^<]*)</f>", sheet)]
    ours = [formula for formula in formulas if "GPT2_" in formula]
    assert any("_xldudf_GPT2_LOGITLENS(" in formula for formula in ours)
    assert not [formula for formula in ours if re.search(r"(?<!_xldudf_)GPT2_[A-Z_]+\(", formula)]


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


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[list[Call]]:
    """The calls of each request, as they arrive at the server."""
    arrived: list[list[Call]] = []

    def noted(body: bytes) -> list[Call]:
        arrived.append(read_packed(body))
        return arrived[-1]

    monkeypatch.setattr(app, "read_packed", noted)
    return arrived


def test_calls_of_one_tick_travel_together_and_each_has_its_own_answer(page: Any, requests: list[list[Call]]) -> None:
    answers = page.evaluate(
        """() => Promise.all([
            fakeExcel.call("GPT2_GELU", [[[0]]]),
            fakeExcel.call("GPT2_GELU", [[["text"]]]),
            fakeExcel.call("GPT2_TOKENIZE", [[["hello"]]]),
        ])"""
    )
    assert [[call[0] for call in calls] for calls in requests] == [["GPT2_GELU", "GPT2_GELU", "GPT2_TOKENIZE"]]
    assert answers[0] == [[0]]
    assert answers[1] == [[f"{ERROR_MARK}x has the text 'text' in row 1, column 1: a number is needed"]]
    assert answers[2][1] == [0, "hello", 31373]


def test_a_request_has_no_more_calls_and_no_more_numbers_than_the_server_takes(
    page: Any, requests: list[list[Call]]
) -> None:
    answers = page.evaluate(
        "n => Promise.all(Array.from({ length: n }, (_, i) => fakeExcel.call('GPT2_GELU', [[[i + 0.5]]])))",
        MAX_BATCH + 50,
    )
    assert [len(calls) for calls in requests] == [MAX_BATCH, 50]
    np.testing.assert_allclose(np.ravel(answers), np.ravel(udfs.gpt2_gelu([[i + 0.5] for i in range(150)])))
    sizes = page.evaluate(
        """async () => {
            const numbers = (base) => Array.from({ length: 200 }, (_, i) => Array(1000).fill(base + i + 1 / 3));
            const answers = [1, 2, 3, 4].map((base) => fakeExcel.call("GPT2_GELU", [numbers(base)]));
            return (await Promise.all(answers)).map((rows) => rows.length * rows[0].length);
        }"""
    )
    assert sizes == [200_000] * 4
    assert sorted(len(calls) for calls in requests[2:]) == [1, 3]  # threads read large requests, in any order


def test_a_call_larger_than_the_server_takes_is_one_line(page: Any, requests: list[list[Call]]) -> None:
    shown = page.evaluate(
        "() => fakeExcel.call('GPT2_GELU', [Array.from({ length: 1300 }, () => Array(1000).fill(0.5))])"
    )
    assert shown == [[f"{ERROR_MARK}the arguments are larger than 10 MB: pass less"]]
    assert requests == []


def test_a_canceled_call_does_not_stop_the_others_of_its_request(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    monkeypatch.setitem(FUNCTIONS, "GPT2_TOKENIZE", slow)
    page.evaluate("() => { fakeExcel.both = ['x', 'y'].map((id) => fakeExcel.call('GPT2_TOKENIZE', [[[id]]], id)); }")
    assert slow.begun.acquire(timeout=60)
    page.evaluate("fakeExcel.cancel('x')")
    slow.let_go.set()
    assert page.evaluate("Promise.all(fakeExcel.both)") == [{"code": "#N/A", "message": "canceled"}, [["done"]]]


def test_a_request_whose_calls_are_all_canceled_stops_on_the_server(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    monkeypatch.setitem(FUNCTIONS, "GPT2_TOKENIZE", slow)
    page.evaluate("() => { fakeExcel.both = ['x', 'y'].map((id) => fakeExcel.call('GPT2_TOKENIZE', [[[id]]], id)); }")
    assert slow.begun.acquire(timeout=60)
    page.evaluate("fakeExcel.cancel('x')")
    assert not slow.stopped.acquire(timeout=0.3)
    page.evaluate("fakeExcel.cancel('y')")
    assert slow.stopped.acquire(timeout=60)
    assert page.evaluate("Promise.all(fakeExcel.both)") == [{"code": "#N/A", "message": "canceled"}] * 2


def test_the_page_asks_again_while_the_server_is_busy(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals, room = [429], calls.Calls.room  # for 503 see test_page_socket.py

    def sometimes(self: calls.Calls, n_calls: int, n_bytes: int) -> AbstractContextManager[None]:
        if refusals:
            raise HTTPException(refusals.pop(), "busy")
        return room(self, n_calls, n_bytes)

    monkeypatch.setattr(calls.Calls, "room", sometimes)
    rows = excel_calls(page, "GPT2_TOKENIZE", "hello")
    assert (rows[1], refusals) == ([0, "hello", 31373], [])


def test_calls_whose_connection_breaks_are_made_again(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    monkeypatch.setitem(FUNCTIONS, "GPT2_TOKENIZE", slow)
    page.evaluate(
        """() => {
            const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (body) {
                WebSocket.prototype.send = send;
                fakeExcel.breakConnection = () => this.close();
                return this.send(body);
            };
            fakeExcel.answer = fakeExcel.call("GPT2_TOKENIZE", [[["hello"]]]);
        }"""
    )
    assert slow.begun.acquire(timeout=60)
    page.evaluate("fakeExcel.breakConnection()")
    assert slow.stopped.acquire(timeout=60)
    assert slow.begun.acquire(timeout=60)
    slow.let_go.set()
    assert page.evaluate("fakeExcel.answer") == [["done"]]


def test_a_server_that_is_gone_is_one_line_in_the_cell_until_it_is_back(pane: Any, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with running(tmp_path) as server:
            page = stack.enter_context(another_page(pane.context.browser, server))
            assert excel_calls(page, "GPT2_TOKENIZE", "hello")[1] == [0, "hello", 31373]
        assert excel_calls(page, "GPT2_TOKENIZE", "hello") == [
            [f"{ERROR_MARK}the server does not answer: start it with gpt2-excel serve"]
        ]
        with running(tmp_path, port=server.settings.port):
            assert excel_calls(page, "GPT2_TOKENIZE", "hello")[1] == [0, "hello", 31373]


def test_a_server_that_accepts_no_socket_is_asked_again(
    pane: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 0)
    with running(tmp_path) as server, another_page(pane.context.browser, server) as page:
        page.evaluate("() => { fakeExcel.answer = fakeExcel.call('GPT2_TOKENIZE', [[['hello']]]); }")
        with page.expect_response("**/status"):
            pass
        monkeypatch.setattr(limits, "MAX_CONNECTIONS", 1)
        assert page.evaluate("fakeExcel.answer")[1] == [0, "hello", 31373]


def test_the_token_travels_with_the_connection_and_a_wrong_one_is_one_line(pane: Any, tmp_path: Path) -> None:
    browser, token = pane.context.browser, "a token of some length"
    with running(tmp_path, tokens=(token,)) as server:
        with another_page(browser, server, token=token) as page:
            assert excel_calls(page, "GPT2_TOKENIZE", "hello")[1] == [0, "hello", 31373]
        with another_page(browser, server, token="wrong") as page:
            (((line,),),) = (excel_calls(page, "GPT2_TOKENIZE", "hello"),)
    assert line == f"{ERROR_MARK}the token is missing or wrong: use the manifest that gpt2-excel serve names"


def test_64_x_768_there_and_back(page: Any) -> None:
    array = np.random.default_rng(0).standard_normal((64, 768)).astype(np.float32)
    answer = page.evaluate(  # as JSON: Playwright takes long over each number of an array
        "async (rows) => JSON.stringify(await fakeExcel.registered().GPT2_GELU(JSON.parse(rows), {}))",
        json.dumps(array.tolist()),
    )
    np.testing.assert_allclose(json.loads(answer), udfs.gpt2_gelu(array), rtol=1e-12)
