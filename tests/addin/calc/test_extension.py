"""The extension contains everything that LibreOffice needs, generated from the functions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from addin.calc.extension import write_extension
from udfs.cells import FUNCTIONS
from workbook_templates.formula.calc import method

NAME = "{http://openoffice.org/2001/registry}name"
FULL_PATH = "{http://openoffice.org/2001/manifest}full-path"


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    file = tmp_path_factory.mktemp("extension") / "functions.oxt"
    write_extension(file, "/some/where/python")
    return ZipFile(file)


def test_every_function_has_a_type_with_all_its_arguments(extension: ZipFile) -> None:
    methods = dict(re.findall(r"> > (\w+)\((.*)\);", extension.read("functions.idl").decode()))
    assert set(methods) == {method(name) for name in FUNCTIONS}
    for name, function in FUNCTIONS.items():
        assert methods[method(name)].count("[in] any ") == len(function.arguments) + 2


def test_help_belongs_to_the_arguments_of_the_types(extension: ZipFile) -> None:
    """LibreOffice finds the help of an argument by its name in the type."""
    types = dict(re.findall(r"> > (\w+)\((.*)\);", extension.read("functions.idl").decode()))
    root = ElementTree.fromstring(extension.read("CalcAddIns.xcu"))
    functions = root.find(f".//node[@{NAME}='AddInFunctions']")
    assert functions is not None
    for function in functions:
        parameters = function.find(f"node[@{NAME}='Parameters']")
        assert parameters is not None
        in_type = re.findall(r"any (\w+)", types[function.attrib[NAME]])
        assert [parameter.attrib[NAME] for parameter in parameters] == in_type


def test_the_extension_names_the_interpreter(extension: ZipFile) -> None:
    assert json.loads(extension.read("settings.json"))["interpreter"] == "/some/where/python"


def test_every_file_of_the_manifest_exists(extension: ZipFile) -> None:
    manifest = ElementTree.fromstring(extension.read("META-INF/manifest.xml"))
    assert {entry.attrib[FULL_PATH] for entry in manifest} <= set(extension.namelist())


def test_it_needs_only_the_standard_library_and_the_packed_files(extension: ZipFile, tmp_path: Path) -> None:
    """A Python without other packages loads it as LibreOffice does. LibreOffice's modules are fakes."""
    extension.extractall(tmp_path)
    fakes = tmp_path / "fakes"
    (fakes / "org").mkdir(parents=True)
    (fakes / "unohelper.py").write_text(
        "class Base: pass\n"
        "class ImplementationHelper:\n"
        "    def addImplementation(self, create, name, services): self.create = create\n"
    )
    (fakes / "org" / "gpt2excel.py").write_text("class XFunctions: pass\n")
    folders = [str(tmp_path), str(tmp_path / "pythonpath"), str(fakes)]
    code = (
        f"import sys; sys.path[:0] = {folders}; import component; "
        "functions = component.g_ImplementationHelper.create(None); "
        "print(*(name for name in dir(functions) if name.startswith('gpt2'))); "
        "print(sys.modules['addin.calc.wire'].__file__)"
    )
    command = [sys.executable, "-I", "-S", "-c", code]  # no packages, no environment, nothing from the current folder
    loaded = subprocess.run(command, capture_output=True, text=True, check=True)
    methods, wire = loaded.stdout.splitlines()
    assert methods.split() == sorted(map(method, FUNCTIONS))
    assert Path(wire).is_relative_to(tmp_path)
