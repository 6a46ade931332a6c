"""The task pane in a real browser."""

from __future__ import annotations

import base64
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from addin.office.metadata import FUNCTIONS, catalog
from tests.addin.office.browser import needs_chromium, open_page, playwright
from tests.addin.office.running import Running

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def page(server: Running) -> Iterator[Any]:
    with open_page(server, "fake") as opened:
        yield opened


def test_the_pane_says_how_things_are(page: Any) -> None:
    playwright.expect(page.locator("#server")).to_have_text("The server is up")
    playwright.expect(page.locator("#model")).to_have_text(
        "Model: demo, a small teaching model with GPT-2's architecture, not GPT-2. Also here: tiny."
    )
    playwright.expect(page.locator("#templates li").nth(2)).to_be_visible()
    playwright.expect(page.locator("#downloads")).to_be_hidden()


def test_functions_are_searched_and_examples_inserted(page: Any) -> None:
    page.fill("#search", "one head gathers")
    shown = page.locator("#functions li:visible")
    playwright.expect(shown).to_have_text([re.compile(r"^\s*GPT2_ATTENTION_MIX ")])
    shown.locator("summary").click()
    shown.get_by_role("button", name="Insert").click()
    playwright.expect(page.locator("#message")).to_have_text("Inserted in Sheet1!A1.")
    example = next(one["example"] for one in catalog() if one["name"] == "GPT2_ATTENTION_MIX")
    assert page.evaluate("fakeExcel.formulas[0]") == example
    page.fill("#search", "zebras and giraffes")
    playwright.expect(page.locator("#message")).to_have_text("No function has all these words.")
    page.fill("#search", "")
    playwright.expect(shown).to_have_count(len(FUNCTIONS))


def test_a_workbook_opens_from_the_pane(page: Any) -> None:
    button = page.locator("#templates li", has_text="2_mri").get_by_role("button", name="Open")
    button.click()  # which disables it until the workbook is open
    playwright.expect(button).to_be_enabled()
    with zipfile.ZipFile(BytesIO(base64.b64decode(page.evaluate("fakeExcel.workbooks[0]")))) as file:
        sheets = [file.read(name).decode() for name in file.namelist() if re.match(r"xl/worksheets/sheet\d", name)]
    formulas = [formula for sheet in sheets for formula in re.findall(r"<f[^>]*>([^<]*)</f>", sheet)]
    ours = [formula for formula in formulas if "GPT2_" in formula]
    assert any("_xldudf_GPT2_LOGITLENS(" in formula for formula in ours)
    assert not [formula for formula in ours if re.search(r"(?<!_xldudf_)GPT2_[A-Z_]+\(", formula)]
