"""The page in a real browser: Debian's chromium, driven by Playwright, with a stand-in for Office's own script."""

from __future__ import annotations

import base64
import re
import shutil
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import udfs
from addin.office.metadata import FUNCTIONS, catalog
from tests.addin.office.running import Running, cells
from tests.udfs.test_wrong_arguments import MODEL, WORKING
from udfs.cells import ERROR_MARK, CellError, spill
from udfs.function import describe

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install playwright)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)")

OFFICE_JS = "https://appsforoffice.microsoft.com/lib/1/hosted/office.js"
STAND_IN = Path(__file__).with_name("office_js_stand_in.js")
# As root, and with nothing that looks for a network.
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync")  # fmt: skip


@pytest.fixture(scope="module")
def page(server: Running) -> Iterator[Any]:
    """The task pane, open in the browser as Excel opens it. What the page is refused or complains of fails the test."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        page = browser.new_context(ignore_https_errors=True, viewport={"width": 350, "height": 900}).new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route(OFFICE_JS, lambda route: route.fulfill(path=STAND_IN, content_type="text/javascript"))
        assert page.goto(f"{server.settings.url}/taskpane.html").status == 200
        page.wait_for_selector("#functions li")
        yield page
        browser.close()
        refused = "Failed to load resource"  # the browser's note on a call that was refused, as tests want it
        assert [text for text in complaints if not text.startswith(refused)] == []


def excel_calls(page: Any, name: str, *arguments: Any) -> Any:
    """What Excel gets for a formula with these arguments."""
    return page.evaluate("([name, values]) => standIn.call(name, values)", [name, [cells(a) for a in arguments]])


def test_every_function_is_registered(page: Any) -> None:
    assert page.evaluate("[...standIn.functions.keys()]") == list(FUNCTIONS)


@pytest.mark.parametrize("name", udfs.__all__)
def test_a_function_gives_what_the_backend_gives(page: Any, name: str) -> None:
    given = {"model": MODEL} | WORKING[name]
    arguments = [given.get(argument.name) for argument in describe(getattr(udfs, name)).arguments]
    rows = excel_calls(page, name.upper(), *arguments)
    assert_same(rows, spill(getattr(udfs, name)(*arguments)))


def assert_same(rows: Any, expected: list[list[Any]]) -> None:
    """The same texts and blanks in the same places, the same numbers to float32's tolerance."""
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
    with pytest.raises(CellError) as error:
        FUNCTIONS[name](*arguments)
    assert excel_calls(page, name, *arguments) == [[ERROR_MARK + str(error.value)]]


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
            const asked = standIn.call("GPT2_LOGITLENS", [[["a b c"]], null, null, null, [["demo"]]], "first");
            standIn.cancel("first");
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


def test_the_pane_says_how_things_are(page: Any) -> None:
    assert page.inner_text("#server") == "The server is up"
    assert page.inner_text("#model") == (
        "Model: demo, a small teaching model with GPT-2's architecture, not GPT-2. Also here: tiny."
    )
    assert page.is_hidden("#downloads")
    assert page.locator("#templates li").count() >= 3


def test_functions_are_searched_and_examples_inserted(page: Any) -> None:
    page.fill("#search", "attention heads gathers")
    shown = page.locator("#functions li:visible")
    assert [text.split()[0] for text in shown.all_inner_texts()] == ["GPT2_ATTENTION_MIX"]
    shown.locator("summary").click()
    shown.get_by_role("button", name="Insert").click()
    playwright.expect(page.locator("#message")).to_have_text("Inserted in Sheet1!A1.")
    example = next(one["example"] for one in catalog() if one["name"] == "GPT2_ATTENTION_MIX")
    assert page.evaluate("standIn.formulas[0]") == example
    page.fill("#search", "no such words")
    assert page.inner_text("#message") == "No function has all these words."
    page.fill("#search", "")
    assert page.locator("#functions li:visible").count() == len(FUNCTIONS)


def test_a_workbook_opens_from_the_pane(page: Any) -> None:
    button = page.locator("#templates li", has_text="2_mri").get_by_role("button", name="Open")
    button.click()  # which disables it until the workbook is open
    playwright.expect(button).to_be_enabled(timeout=60_000)
    with zipfile.ZipFile(BytesIO(base64.b64decode(page.evaluate("standIn.workbooks[0]")))) as file:
        sheets = [file.read(name).decode() for name in file.namelist() if re.match(r"xl/worksheets/sheet\d", name)]
    formulas = [formula for sheet in sheets for formula in re.findall(r"<f[^>]*>([^<]*)</f>", sheet)]
    ours = [formula for formula in formulas if "GPT2_" in formula]
    assert any("_xldudf_GPT2_LOGITLENS(" in formula for formula in ours)
    assert not [formula for formula in ours if re.search(r"(?<!_xldudf_)GPT2_[A-Z_]+\(", formula)]
