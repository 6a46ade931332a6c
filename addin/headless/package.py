"""The .xlsx file: a zip of XML parts. Finds the parts that hold cells, and keeps all others as bytes."""

from __future__ import annotations

import lzma
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from lxml import etree


class WorkbookError(ValueError):
    """What is wrong with the file, the sheet, the cell or the value that was given: one line."""


_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_CONTENT_TYPES = "[Content_Types].xml"
_PASSWORD_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
# What zipfile and its decompressors raise for a file that was cut or changed, besides BadZipFile and OSError.
_DAMAGE = (zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError, LookupError)
# No entities are resolved and nothing is fetched: a workbook may come from a stranger.
PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
# Reads long texts too, but libxml2 then has no limit of depth either.
_LENIENT_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
_EPOCH, _DAYS_TO_1904 = datetime(1899, 12, 30), 1462  # where serial numbers of dates begin
_MOST_DEPTH = 256
_TOO_DEEP = etree.XPath(f"boolean({'/*' * _MOST_DEPTH})")
MAX_UNPACKED = 8_000_000_000  # bytes of all parts; a model of GPT-2 small in cells has about half of it


@dataclass(frozen=True)
class SheetPart:
    name: str
    path: str


@dataclass(frozen=True)
class DefinedName:
    """`sheet` is the number of the tab that the name belongs to; None if it belongs to the whole workbook."""

    name: str
    sheet: int | None
    text: str


class Package:
    """The parts of one workbook file."""

    def __init__(self, source: str, parts: dict[str, bytes]) -> None:
        self.source, self.parts = source, parts
        self._names = {name.replace("\\", "/").lstrip("/").casefold(): name for name in parts}
        self.workbook_path = self._main_part()
        self.workbook = self.tree(self.workbook_path)
        self.namespace = etree.QName(self.workbook).namespace or ""
        self._targets = self._relations(self.workbook_path)

    @classmethod
    def open(cls, path: str | Path) -> Package:
        """Reads the file. Raises WorkbookError if it is missing, damaged, protected by a password, or not an .xlsx."""
        path = Path(path)
        try:
            with path.open("rb") as file:
                start = file.read(8)
            if start == _PASSWORD_MAGIC:
                raise WorkbookError(f"{path.name}: protected by a password, or an old .xls; save it as an open .xlsx")
            with zipfile.ZipFile(path) as archive:
                if sum(info.file_size for info in archive.infolist()) > MAX_UNPACKED:
                    raise WorkbookError(f"{path.name}: unpacks to more than {MAX_UNPACKED / 1e9:g} GB")
                parts = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
            return cls(path.name, parts)
        except WorkbookError:
            raise
        except FileNotFoundError:
            raise WorkbookError(f"{path}: no such file") from None
        except OSError as error:
            raise WorkbookError(f"{path}: cannot be read: {error.strerror or error}") from None
        except zipfile.BadZipFile:
            raise WorkbookError(f"{path.name}: not an .xlsx workbook, or damaged") from None
        except _DAMAGE as error:
            raise WorkbookError(f"{path.name}: damaged .xlsx ({type(error).__name__})") from None

    def part(self, path: str) -> bytes:
        """Raises WorkbookError if the file has no such part."""
        try:
            return self.parts[path]
        except KeyError:
            raise WorkbookError(f"{self.source}: damaged .xlsx (part {path} is missing)") from None

    def tree(self, path: str) -> etree._Element:
        try:
            return _parsed(self.part(path))
        except etree.XMLSyntaxError:
            raise WorkbookError(f"{self.source}: damaged .xlsx (part {path} is not XML)") from None

    def tag(self, name: str) -> str:
        return f"{{{self.namespace}}}{name}"

    def sheets(self) -> list[SheetPart]:
        """Worksheets and chart sheets in the order of their tabs; a chart sheet's part holds no cells."""
        found = []
        for sheet in self.workbook.iter(self.tag("sheet")):
            relation = next((v for k, v in sheet.attrib.items() if etree.QName(k).localname == "id"), "")
            if relation not in self._targets:
                raise WorkbookError(f"{self.source}: damaged .xlsx (sheet {sheet.get('name')} has no part)")
            found.append(SheetPart(sheet.get("name", ""), self._targets[relation][1]))
        return found

    def defined_names(self) -> list[DefinedName]:
        names = []
        for element in self.workbook.iter(self.tag("definedName")):
            sheet = element.get("localSheetId")
            names.append(DefinedName(element.get("name", ""), int(sheet) if sheet else None, element.text or ""))
        return names

    @property
    def counts_from_1904(self) -> bool:
        """Whether serial numbers of dates begin in 1904."""
        settings = self.workbook.find(self.tag("workbookPr"))
        return settings is not None and settings.get("date1904") in ("1", "true")

    def serial_of(self, text: str) -> float | str:
        """The serial number of a date or time as a cell of type "d" has it; other text as it is."""
        try:
            moment = datetime.fromisoformat(text.strip().removesuffix("Z")).replace(tzinfo=None)
        except ValueError:
            return text
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        days = (midnight - _EPOCH).days - (_DAYS_TO_1904 if self.counts_from_1904 else 0)
        return days + (moment - midnight).total_seconds() / 86_400

    def shared_strings(self) -> list[str]:
        path = self._target("sharedStrings")
        if path is None:
            return []
        return [rich_text(item, self.namespace) for item in self.tree(path).iterchildren(self.tag("si"))]

    def is_unlocked(self, sheet: int, cell: str) -> bool:
        """Whether protection of the sheet would leave the cell open to edits. Workbooks mark their inputs so."""
        path = f".//{self.tag('row')}/{self.tag('c')}[@r='{cell}']"
        found = self.tree(self.sheets()[sheet].path).find(path)
        styles = self._target("styles")
        if found is None or styles is None:
            return False
        formats = self.tree(styles).findall(f"{self.tag('cellXfs')}/{self.tag('xf')}")
        protection = formats[int(found.get("s", "0"))].find(self.tag("protection"))
        return protection is not None and protection.get("locked") in ("0", "false")

    def drop_calculation_chain(self) -> None:
        """Removes the list of formula cells, which no longer fits. Programs build it again."""
        path = self._target("calcChain")
        if path is None:
            return
        self.parts.pop(path, None)
        relations = self._stored_name(_relations_path(self.workbook_path))
        self._drop(relations, lambda element: element.get("Type", "").endswith("/calcChain"))
        wanted = f"/{path}".casefold()
        self._drop(self._stored_name(_CONTENT_TYPES), lambda element: element.get("PartName", "").casefold() == wanted)

    def write(self, path: str | Path, *, small: bool = False) -> None:
        """Writes all parts; the file appears only when it is whole. The same parts give the same file.

        small: a tenth smaller, for twice the time that packing takes
        """
        path = Path(path)
        partial = path.with_name(path.name + ".partial")
        try:
            with zipfile.ZipFile(partial, "w") as archive:
                for name, content in self.parts.items():
                    archive.writestr(_undated(name), content, zipfile.ZIP_DEFLATED, 6 if small else 3)
            partial.replace(path)
        except OSError as error:
            raise WorkbookError(f"{path}: cannot be written: {error.strerror or error}") from None
        finally:
            partial.unlink(missing_ok=True)

    def _stored_name(self, name: str) -> str:
        """The name of a part as the file writes it: names that differ in case are the same part."""
        return name if name in self.parts else self._names.get(name.casefold(), name)

    def _drop(self, path: str, wanted: Callable[[etree._Element], bool]) -> None:
        root = self.tree(path)
        for element in filter(wanted, list(root)):
            root.remove(element)
        self.parts[path] = serialized(root)

    def _main_part(self) -> str:
        targets = self._relations("")
        found = next((path for kind, path in targets.values() if kind.endswith("/officeDocument")), None)
        if found is None or not found.casefold().endswith(".xml"):
            raise WorkbookError(f"{self.source}: not an .xlsx workbook")
        return found

    def _target(self, kind: str) -> str | None:
        found = (path for type_, path in self._targets.values() if type_.endswith("/" + kind))
        return next((path for path in found if path in self.parts), None)

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Relation id -> (type, path inside the zip)."""
        path = self._stored_name(_relations_path(part))
        if path not in self.parts:
            raise WorkbookError(f"{self.source}: not an .xlsx workbook")
        targets = {}
        for element in self.tree(path).iter(f"{{{_RELATIONSHIPS}}}Relationship"):
            target = posixpath.join("/", posixpath.dirname(part), element.get("Target", ""))
            part_name = unquote(posixpath.normpath(target.replace("\\", "/")).lstrip("/"))
            targets[element.get("Id", "")] = (element.get("Type", ""), self._stored_name(part_name))
        return targets


def _parsed(xml: bytes) -> etree._Element:
    """The root of a part. Raises XMLSyntaxError if it is not XML or nested too deeply."""
    try:
        return etree.fromstring(xml, PARSER)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error):
            raise
        root = etree.fromstring(xml, _LENIENT_PARSER)
        if _TOO_DEEP(root):
            raise
        return root


def _undated(name: str) -> zipfile.ZipInfo:
    """A part's entry with the date that Excel gives to each."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o600 << 16  # the owner may read the unpacked file
    return entry


def serialized(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def rich_text(element: etree._Element, namespace: str) -> str:
    """The text of a string item and its runs, without phonetic hints."""
    plain, run = f"{{{namespace}}}t", f"{{{namespace}}}r"
    pieces = []
    for child in element:
        if child.tag == plain:
            pieces.append(child.text or "")
        elif child.tag == run:
            pieces.extend(text.text or "" for text in child.iterchildren(plain))
    return unescaped("".join(pieces))


def escaped(text: str) -> str:
    """The text with characters that XML cannot hold turned into escapes such as `_x000D_`."""
    return _UNWRITABLE.sub(lambda m: f"_x{ord(m[0]):04X}_", text)


def unescaped(text: str) -> str:
    """The text with escapes such as `_x000D_` turned into the characters, which XML cannot hold."""
    return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), text) if "_x" in text else text


def _relations_path(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", name + ".rels")
