"""Which version of gpt2-excel made a workbook, and which program saved it, according to its document properties."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

from lxml import etree

from addin.headless.package import PARSER
from udfs.cells import CellError
from udfs.version import version_note
from workbook_templates.book import MADE_BY, TITLE

_WITHOUT_A_VERSION = "0.1.0"  # whose workbooks have our title, and no version
_log = logging.getLogger(__name__)


def version_of(file: Path) -> str | None:
    """The version that made a workbook; None if it is not one of ours, or not a workbook at all."""
    version = custom_properties(file).get(MADE_BY)
    if version is None and _title(file) == TITLE:
        return _WITHOUT_A_VERSION
    return version


def program_of(file: Path) -> str:
    """The program that saved a workbook and its version; blank if the file does not name one."""
    properties = _part(file, "docProps/app.xml")
    if properties is None:
        return ""
    return " ".join(filter(None, (properties.findtext(f"{{*}}{name}") for name in ("Application", "AppVersion"))))


def note_about(file: Path) -> str:
    """One line about a workbook that another version made; blank if this version made it, or another program."""
    try:
        version = version_of(file)
        return version_note(version) if version else ""
    except CellError:  # the property of another program
        return ""


def custom_properties(file: Path) -> Mapping[str, str]:
    """The custom document properties, by name. Empty for a file that has none."""
    properties = _part(file, "docProps/custom.xml")
    if properties is None:
        return {}
    return {element.get("name", ""): str(element.xpath("string()")) for element in properties}


def _title(file: Path) -> str | None:
    properties = _part(file, "docProps/core.xml")
    return None if properties is None else properties.findtext("{*}title")


def _part(file: Path, name: str) -> etree._Element | None:
    try:
        with ZipFile(file) as archive:
            return etree.fromstring(archive.read(name), PARSER)
    except Exception:  # zipfile, zlib and lxml raise many kinds for a file that is damaged or of another kind
        _log.debug("%s has no readable %s", file, name, exc_info=True)
        return None
