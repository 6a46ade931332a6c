"""The metadata of the functions, the manifest and the icons, as Excel receives them."""

from __future__ import annotations

import json
import re
import struct
import zlib
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from addin.office import icons
from addin.office.app import PAGES
from addin.office.manifest import ADDIN_ID, ICON_SIZES, manifest
from addin.office.metadata import functions_json, openapi
from tests.addin.office.running import Running
from udfs.cells import FUNCTIONS

_OFFICE = "{http://schemas.microsoft.com/office/appforoffice/1.1}"
_TYPES = "{http://schemas.microsoft.com/office/officeappbasictypes/1.0}"
_MAX_METADATA = 1_000_000  # bytes: Excel for Windows reads no more


def test_the_metadata_has_every_function_with_its_help() -> None:
    told = functions_json()
    assert [one["id"] for one in told["functions"]] == list(FUNCTIONS)
    for one, described in zip(told["functions"], FUNCTIONS.values(), strict=True):
        assert (one["name"], one["description"]) == (described.name, described.help)
        assert [(p["name"], p["description"], p["optional"]) for p in one["parameters"]] == [
            (argument.name, argument.help, argument.optional) for argument in described.arguments
        ]
        assert one["options"] == {"cancelable": True}
        assert {p["dimensionality"] for p in [*one["parameters"], one["result"]]} == {"matrix"}
    assert len(json.dumps(told)) < _MAX_METADATA


def test_names_are_ones_that_excel_takes_for_no_cell() -> None:
    """`GPT2` alone is a cell's address."""
    assert all(re.fullmatch(r"GPT2_[A-Z0-9_]+", one["id"]) for one in functions_json()["functions"])


def test_the_server_gives_them(server: Running) -> None:
    assert server.ask("GET", "/functions.json").json == functions_json()
    assert [one["name"] for one in server.ask("GET", "/catalog.json").json] == list(FUNCTIONS)
    assert server.ask("GET", "/openapi.json").json == json.loads(json.dumps(openapi()))
    assert list(openapi()["paths"]) == ["/calls"]
    assert set(FUNCTIONS) <= set(openapi()["components"]["schemas"])


def test_the_manifest_names_only_what_the_server_has(server: Running) -> None:
    given = server.ask("GET", "/manifest.xml")
    assert given.headers["content-type"].startswith("application/xml")
    tree = ElementTree.fromstring(given.body)
    assert tree.findtext(f"{_OFFICE}Id") == ADDIN_ID
    addresses = [value for element in tree.iter() if (value := element.get("DefaultValue", "")).startswith("https:")]
    assert len(addresses) >= 9
    for address in addresses:
        assert address.startswith(server.settings.url)
        assert server.ask("GET", urlsplit(address).path).status == 200


def test_the_manifests_references_are_defined_in_it() -> None:
    tree = ElementTree.fromstring(manifest("https://localhost:8431"))
    defined = {element.get("id") for element in tree.iter() if element.tag.startswith(_TYPES) and element.get("id")}
    used = {value for element in tree.iter() if (value := element.get("resid"))}
    assert used == defined
    texts = [e for e in tree.iter() if e.tag == f"{_TYPES}String"]
    assert all(len(e.get("DefaultValue", "")) <= (125 if e.get("id") not in ("Start", "Tip") else 250) for e in texts)


def test_the_functions_and_the_pane_share_one_page() -> None:
    """A shared runtime is one page, so all three must name the same page."""
    text = manifest("https://localhost:8431")
    assert text.count('<SourceLocation resid="Page.Url"/>') == 2
    assert '<Runtime resid="Page.Url" lifetime="long"/>' in text


def test_a_token_with_strange_characters_stays_whole() -> None:
    tree = ElementTree.fromstring(manifest("https://gpt2.example.org", 'a&b"<c>+/ d'))
    page = next(element for element in tree.iter() if element.get("id") == "Page.Url")
    assert page.get("DefaultValue") == "https://gpt2.example.org/taskpane.html?token=a%26b%22%3Cc%3E%2B%2F%20d"


@pytest.mark.parametrize("size", ICON_SIZES)
def test_an_icon_is_a_png_of_its_size(server: Running, size: int) -> None:
    given = server.ask("GET", f"/icon-{size}.png")
    assert given.headers["content-type"] == "image/png"
    assert given.body == icons.draw(size)
    assert given.body.startswith(b"\x89PNG\r\n")
    assert struct.unpack(">II", given.body[16:24]) == (size, size)
    pixels = zlib.decompress(given.body[41:-16])
    assert len(pixels) == size * (1 + 4 * size)
    assert {pixels[row * (1 + 4 * size)] for row in range(size)} == {0}


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    """Its security policy would block them."""
    page = (PAGES / "taskpane.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page)
