"""Our page in a real browser: Debian's chromium, driven by Playwright.

The page loads a fake of Microsoft's script. If GPT2_EXCEL_OFFICE_JS names the folder `dist` of the npm package
@microsoft/office-js, the tests also run on Microsoft's own runtime of custom functions, with a fake of Excel behind it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.addin.office.running import Running, cells

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -e '.[browser]'")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)")

playwright.expect.set_options(timeout=60_000)  # milliseconds; a page that is slow on a busy machine is not wrong

_OFFICE_JS = os.environ.get("GPT2_EXCEL_OFFICE_JS", "")
RUNTIMES = ["fake", "npm"] if _OFFICE_JS else ["fake"]

_HERE = Path(__file__).parent
_CDN = "https://appsforoffice.microsoft.com/lib/1/hosted/"
_RUNTIME = "custom-functions-runtime.js"
# As root, and without a network.
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
# The browser's notes on what the server refused, as tests want it.
_REFUSED = ("Failed to load resource", "WebSocket connection to")


@contextmanager
def open_page(server: Running, runtime: str) -> Iterator[Any]:
    """The page in a browser of its own, with one of the two runtimes, `fake` or `npm`."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        with another_page(browser, server, runtime) as page:
            yield page
        browser.close()


@contextmanager
def another_page(browser: Any, server: Running, runtime: str = "fake", token: str = "") -> Iterator[Any]:
    """The page in this browser. An error in the page fails the test."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 350, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route(f"{_CDN}*", _npm if runtime == "npm" else _fake)
    query = f"?token={quote(token)}" if token else ""
    assert page.goto(f"{server.settings.url}/taskpane.html{query}").status == 200
    page.wait_for_selector("#functions li")
    yield page
    context.close()
    if runtime == "fake":  # Microsoft's script complains that it may not frame its telemetry
        unexpected = [text for text in complaints if not text.startswith(_REFUSED)]
        assert not unexpected, unexpected


def excel_calls(page: Any, name: str, *arguments: Any) -> Any:
    """Excel's result for a formula with these arguments."""
    return page.evaluate("([name, values]) => fakeExcel.call(name, values)", [name, [cells(a) for a in arguments]])


def _fake(route: Any) -> None:
    route.fulfill(path=_HERE / "fake_office.js", content_type="text/javascript")


def _npm(route: Any) -> None:
    name = route.request.url.removeprefix(_CDN).partition("?")[0]
    if name == "office.js":
        bridge = (_HERE / "fake_excel_bridge.js").read_text(encoding="utf-8")
        load = f"""document.write('<script src="{_CDN}{_RUNTIME}"></script>');"""
        route.fulfill(body=f"{bridge}{load}", content_type="text/javascript")
    else:
        route.fulfill(path=Path(_OFFICE_JS) / name, content_type="text/javascript")
