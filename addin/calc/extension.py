"""Writes the extension that LibreOffice installs, an `.oxt`, from the functions of this version.

LibreOffice must know the functions' types before it calls them. Compiling a type library needs LibreOffice's SDK, but
LibreOffice also reads the source of a type library, so the extension contains that: `functions.idl`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from udfs.cells import ERROR_MARK, FUNCTIONS, Argument, CellFunction
from udfs.version import VERSION
from workbook_templates.formula.calc import ARRAY_ARGUMENTS, SERVICE, method

IDENTIFIER = "org.gpt2excel.addin"

_HERE = Path(__file__).parent
_IMPORTED = (
    "addin/__init__.py",
    "addin/calc/__init__.py",
    "addin/calc/client.py",
    "addin/calc/layout.py",
    "addin/calc/wire.py",
)
_TYPES = {
    "functions.idl": "application/vnd.sun.star.uno-typelibrary;type=RDB",
    "component.py": "application/vnd.sun.star.uno-component;type=Python",
    "CalcAddIns.xcu": "application/vnd.sun.star.configuration-data",
}


def write_extension(file: Path, interpreter: str) -> None:
    """Writes the extension. Its functions run in that Python interpreter."""
    functions = list(FUNCTIONS.values())
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("functions.idl", _idl(functions))
        archive.writestr("CalcAddIns.xcu", _configuration(functions))
        archive.writestr("settings.json", _settings(functions, interpreter))
        archive.writestr("description.xml", _description())
        archive.writestr("META-INF/manifest.xml", _manifest())
        archive.write(_HERE / "component.py", "component.py")
        for name in _IMPORTED:
            archive.write(_HERE.parent.parent / name, f"pythonpath/{name}")


def _idl(functions: Sequence[CellFunction]) -> str:
    """The type of every function. `any` is a value or a range, and can be omitted."""
    modules = SERVICE.split(".")
    methods = "".join(
        f"  sequence< sequence< any > > {method(function.name)}("
        f"{', '.join(f'[in] any {_identifier(argument.name)}' for argument in _arguments(function))});\n"
        for function in functions
    )
    opening, closing = "".join(f"module {name} {{ " for name in modules), "}; " * (1 + len(modules))
    return f"{opening}interface XFunctions {{\n{methods}{closing}\n"


def _configuration(functions: Sequence[CellFunction]) -> str:
    """The help for the function wizard."""
    nodes = "".join(
        _node(
            method(function.name),
            _texts(function.name, _help(function))
            + '<prop oor:name="Category"><value>Add-In</value></prop>'
            + f'<prop oor:name="CompatibilityName"><value xml:lang="en">{function.name}</value></prop>'
            + _set("Parameters", "".join(_argument(argument) for argument in _arguments(function))),
        )
        for function in functions
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:component-data xmlns:oor="http://openoffice.org/2001/registry" oor:name="CalcAddIns"'
        f' oor:package="org.openoffice.Office">{_set("AddInInfo", _node(SERVICE, _set("AddInFunctions", nodes)))}'
        "</oor:component-data>\n"
    )


def _argument(argument: Argument) -> str:
    return _node(_identifier(argument.name), _texts(argument.name, argument.help))


def _help(function: CellFunction) -> str:
    return f"{function.help} Example: {function.example}" if function.example else function.help


def _texts(name: str, text: str) -> str:
    return (
        f'<prop oor:name="DisplayName"><value xml:lang="en">{escape(name)}</value></prop>'
        f'<prop oor:name="Description"><value xml:lang="en">{escape(" ".join(text.split()))}</value></prop>'
    )


def _node(name: str, content: str) -> str:
    return f'<node oor:name={quoteattr(name)} oor:op="replace">{content}</node>'


def _set(name: str, content: str) -> str:
    return f'<node oor:name="{name}">{content}</node>'


def _arguments(function: CellFunction) -> tuple[Argument, ...]:
    return (*function.arguments, *(Argument(name, text, True) for name, text in ARRAY_ARGUMENTS.items()))


def _identifier(name: str) -> str:
    """A name as UNO allows it, without underscores."""
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


def _settings(functions: Sequence[CellFunction], interpreter: str) -> str:
    methods = {method(function.name): function.name for function in functions}
    return json.dumps(
        {"service": SERVICE, "interpreter": interpreter, "mark": ERROR_MARK, "methods": methods}, indent=1
    )


def _description() -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<description xmlns="http://openoffice.org/extensions/description/2006">'
        f'<identifier value="{IDENTIFIER}"/><version value="{VERSION}"/>'
        "<display-name><name>GPT-2 in Excel: functions</name></display-name></description>\n"
    )


def _manifest() -> str:
    entries = "".join(
        f' <manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>\n'
        for name, kind in _TYPES.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">\n{entries}</manifest:manifest>\n'
    )
