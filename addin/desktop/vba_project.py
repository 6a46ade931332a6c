"""Reads and writes a workbook's VBA project, `vbaProject.bin`, in the binary format of [MS-OVBA].

It contains the modules' text without compiled code, like the files that xlwings ships. Excel then compiles the text.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

from aspose.email_foss.cfb import CFBDocument, CFBReader, CFBStorage, CFBStream, CFBWriter

from addin.desktop.ovba import compress, decompress

Kind: TypeAlias = Literal["Document", "Module", "Class"]  # the words of the stream PROJECT

_ENCODING = "cp1252"
_NO_COMPILED_CODE = bytes.fromhex("cc61ffff000000")

# Records of the stream dir, [MS-OVBA] 2.3.4.2.
_PROJECT_NAME, _PROJECT_VERSION, _MODULES, _END = 0x04, 0x09, 0x0F, 0x10
_REFERENCE_NAME, _REFERENCE_CONTROL = 0x16, 0x2F
_MODULE_NAME, _MODULE_NAME_UNICODE, _STREAM_NAME, _STREAM_NAME_UNICODE = 0x19, 0x47, 0x1A, 0x32
_DOCSTRING, _DOCSTRING_UNICODE, _OFFSET, _HELP_CONTEXT, _COOKIE = 0x1C, 0x48, 0x31, 0x1E, 0x2C
_PROCEDURAL, _OBJECT, _MODULE_END, _MODULES_COOKIE = 0x21, 0x22, 0x2B, 0x13

_WORKBOOK_CLASS, _SHEET_CLASS = "00020819", "00020820"


@dataclass(frozen=True)
class Module:
    """One module: its text begins with its `Attribute` lines."""

    name: str
    kind: Kind
    source: str


@dataclass(frozen=True)
class VbaProject:
    """A project's modules, settings, and references to libraries."""

    name: str
    modules: tuple[Module, ...]
    information: bytes  # the records of dir before the modules
    properties: tuple[str, ...]  # lines of PROJECT such as ID="{...}"
    extenders: str  # the section [Host Extender Info] of PROJECT

    @classmethod
    def read(cls, data: bytes) -> VbaProject:
        """Reads a `vbaProject.bin`. Raises ValueError if it is not one."""
        root = CFBDocument.from_reader(CFBReader(data)).root
        text = _stream(root, "PROJECT").decode(_ENCODING)
        directory = decompress(_stream(_storage(root), "dir"))
        kinds = {name: kind for kind, name in re.findall(r"^(Document|Module|Class)=([^/\r\n]+)", text, re.M)}
        modules = [
            Module(name, kinds[name], decompress(_stream(_storage(root), name)[offset:]).decode(_ENCODING))
            for name, offset in _module_offsets(directory)
        ]
        properties = re.findall(r'^(?:ID|HelpContextID|VersionCompatible32|CMG|DPB|GC)=".*"', text, re.M)
        extenders = re.search(r"^\[Host Extender Info\]\r\n(?:&.*\r\n)*", text, re.M)
        (name,) = (record.data.decode(_ENCODING) for record in _records(directory) if record.id == _PROJECT_NAME)
        start = next(record.start for record in _records(directory) if record.id == _MODULES)
        return cls(name, tuple(modules), directory[:start], tuple(properties), extenders[0] if extenders else "")

    def with_modules(self, name: str, modules: Sequence[Module]) -> VbaProject:
        """The same project with another name and other modules."""
        return replace(self, name=name, modules=tuple(modules))

    def without_reference(self, name: str) -> VbaProject:
        """The same project without its reference to that library, if it has one."""
        kept, is_kept, before = [], True, 0
        for record in _records(self.information):
            if record.id == _REFERENCE_NAME and before != _REFERENCE_CONTROL:  # a control's own name comes second
                is_kept = record.data.decode(_ENCODING) != name
            if is_kept:
                kept.append(record.bytes)
            before = record.id
        return replace(self, information=b"".join(kept))

    def written(self) -> bytes:
        """The file `vbaProject.bin`."""
        vba = CFBStorage("VBA", children=[CFBStream(m.name, compress(_crlf(m.source))) for m in self.modules])
        vba.add_stream(CFBStream("_VBA_PROJECT", _NO_COMPILED_CODE))
        vba.add_stream(CFBStream("dir", compress(self._directory())))
        root = CFBStorage("Root Entry", children=[vba])
        root.add_stream(CFBStream("PROJECT", self._properties()))
        root.add_stream(CFBStream("PROJECTwm", self._names()))
        return bytes(CFBWriter.to_bytes(CFBDocument(root)))

    def _directory(self) -> bytes:
        before = [
            _record(_PROJECT_NAME, self.name.encode(_ENCODING)) if record.id == _PROJECT_NAME else record.bytes
            for record in _records(self.information)
        ]
        count = _record(_MODULES, struct.pack("<H", len(self.modules))) + _record(_MODULES_COOKIE, b"\xff\xff")
        return b"".join([*before, count, *map(_module_records, self.modules), _record(_END, b"")])

    def _properties(self) -> bytes:
        kinds = [f"{m.kind}={m.name}{'/&H00000000' if m.kind == 'Document' else ''}" for m in self.modules]
        identity, *others = self.properties
        lines = [identity, *kinds, f'Name="{self.name}"', *others, ""]
        windows = ["", "[Workspace]", *(f"{module.name}=0, 0, 0, 0, C" for module in self.modules), ""]
        return ("\r\n".join(lines) + "\r\n" + self.extenders + "\r\n".join(windows)).encode(_ENCODING)

    def _names(self) -> bytes:
        pairs = (m.name.encode(_ENCODING) + b"\0" + m.name.encode("utf-16-le") + b"\0\0" for m in self.modules)
        return b"".join(pairs) + b"\0\0"


def workbook_module(code: str = "") -> Module:
    """The module of the workbook itself."""
    return _document("ThisWorkbook", _WORKBOOK_CLASS, code)


def sheet_module(code_name: str) -> Module:
    """The empty module of a sheet."""
    return _document(code_name, _SHEET_CLASS, "")


def _document(name: str, class_id: str, code: str) -> Module:
    attributes = [f'VB_Name = "{name}"', f'VB_Base = "0{{{class_id}-0000-0000-C000-000000000046}}"']
    attributes += ["VB_GlobalNameSpace = False", "VB_Creatable = False", "VB_PredeclaredId = True"]
    attributes += ["VB_Exposed = True", "VB_TemplateDerived = False", "VB_Customizable = True"]
    return Module(name, "Document", "".join(f"Attribute {line}\n" for line in attributes) + code)


class _Record(NamedTuple):
    """One record of dir: an id, the size of its data, its data."""

    id: int
    start: int
    data: bytes
    bytes: bytes


def _records(directory: bytes) -> Iterator[_Record]:
    at = 0
    while at < len(directory):
        number, size = struct.unpack_from("<HI", directory, at)
        if number == _PROJECT_VERSION:
            size = 6  # the size field is reserved
        end = at + 6 + size
        yield _Record(number, at, directory[at + 6 : end], directory[at:end])
        at = end


def _record(number: int, data: bytes) -> bytes:
    return struct.pack("<HI", number, len(data)) + data


def _module_records(module: Module) -> bytes:
    name, unicode_name = module.name.encode(_ENCODING), module.name.encode("utf-16-le")
    names = [(_MODULE_NAME, name), (_MODULE_NAME_UNICODE, unicode_name)]
    names += [(_STREAM_NAME, name), (_STREAM_NAME_UNICODE, unicode_name)]
    rest = [(_DOCSTRING, b""), (_DOCSTRING_UNICODE, b""), (_OFFSET, bytes(4)), (_HELP_CONTEXT, bytes(4))]
    rest += [(_COOKIE, b"\xff\xff"), (_PROCEDURAL if module.kind == "Module" else _OBJECT, b""), (_MODULE_END, b"")]
    return b"".join(_record(number, data) for number, data in names + rest)


def _module_offsets(directory: bytes) -> Iterator[tuple[str, int]]:
    """Each module's name, and the offset of its text in its stream."""
    name = ""
    for record in _records(directory):
        if record.id == _MODULE_NAME:
            name = record.data.decode(_ENCODING)
        elif record.id == _OFFSET:
            yield name, int.from_bytes(record.data, "little")


def _storage(root: CFBStorage) -> CFBStorage:
    return next(child for child in root.children if child.name == "VBA")


def _stream(storage: CFBStorage, name: str) -> bytes:
    return next(bytes(child.data) for child in storage.children if child.name == name)


def _crlf(text: str) -> bytes:
    return "\r\n".join(text.splitlines()).encode(_ENCODING) + b"\r\n"
