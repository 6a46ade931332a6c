"""Programs of other projects can read the VBA projects that we write."""

from __future__ import annotations

import io
import re

import olefile
from oletools.olevba import VBA_Parser, decompress_stream

from addin.desktop.macro_workbook import functions_project
from addin.desktop.vba_project import Module, VbaProject, sheet_module, workbook_module
from addin.desktop.xlwings_vba import xlwings_project


def project(*modules: Module) -> VbaProject:
    return xlwings_project().with_modules("Test", modules)


def test_round_trip() -> None:
    written = functions_project([f"Sheet{number}" for number in range(1, 60)])
    read = VbaProject.read(written.written())
    assert read.name == "GPT2Excel"
    assert [(m.name, m.kind) for m in read.modules] == [(m.name, m.kind) for m in written.modules]
    for before, after in zip(written.modules, read.modules, strict=True):
        assert after.source.splitlines() == before.source.splitlines()
    assert read.properties == written.properties
    assert read.extenders == written.extenders


def test_olevba_finds_the_same_modules() -> None:
    made = functions_project(["Sheet1", "Sheet2"])
    parser = VBA_Parser("vbaProject.bin", data=made.written())
    found = {stream.rpartition("/")[2]: code for _, stream, _, code in parser.extract_macros()}
    assert sorted(found) == sorted(module.name for module in made.modules)
    for module in made.modules:
        assert found[module.name].splitlines() == module.source.splitlines()


def test_every_module_is_in_each_of_the_projects_lists() -> None:
    made = project(workbook_module(), sheet_module("Sheet1"), Module("code", "Module", 'Attribute VB_Name = "code"\n'))
    with olefile.OleFileIO(io.BytesIO(made.written())) as container:
        properties = container.openstream("PROJECT").read().decode("cp1252")
        names = container.openstream("PROJECTwm").read()
        assert container.openstream("VBA/_VBA_PROJECT").read()[:4] == bytes.fromhex("cc61ffff")
        assert not [path for path in container.listdir() if path[-1].startswith("__SRP")]
    assert re.findall("^(?:Document|Module|Class)=.*(?=\r\n)", properties, re.M) == [
        "Document=ThisWorkbook/&H00000000",
        "Document=Sheet1/&H00000000",
        "Module=code",
    ]
    assert properties.startswith('ID="{')
    assert '\r\nName="Test"\r\n' in properties
    assert properties.index("[Host Extender Info]") < properties.index("[Workspace]\r\nThisWorkbook=0, 0, 0, 0, C\r\n")
    assert (
        names
        == b"".join(
            name.encode() + b"\0" + name.encode("utf-16-le") + b"\0\0" for name in ("ThisWorkbook", "Sheet1", "code")
        )
        + b"\0\0"
    )


def test_each_module_names_its_type() -> None:
    made = functions_project(["Sheet1"])
    with olefile.OleFileIO(io.BytesIO(made.written())) as container:
        directory = bytes(decompress_stream(bytearray(container.openstream("VBA/dir").read())))
    before = bytes.fromhex("1e0004000000 00000000 2c0002000000 ffff")  # help context and cookie
    standard = sum(module.kind == "Module" for module in made.modules)
    assert directory.count(before + bytes.fromhex("210000000000")) == standard
    assert directory.count(before + bytes.fromhex("220000000000")) == len(made.modules) - standard


def test_lines_end_as_vba_expects() -> None:
    source = 'Attribute VB_Name = "code"\nSub a()\r\nEnd Sub\n'
    (module,) = VbaProject.read(project(Module("code", "Module", source)).written()).modules
    assert module.source == 'Attribute VB_Name = "code"\r\nSub a()\r\nEnd Sub\r\n'
