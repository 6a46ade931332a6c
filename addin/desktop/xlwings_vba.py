"""Reads and adapts the VBA of the installed xlwings, which starts Python and passes calls to it.

The VBA declares functions of `xlwings64-<version>.dll`, so its version must be that of the installed xlwings.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import xlwings

from addin import NAME
from addin.desktop.vba_project import Module, VbaProject
from addin.errors import MissingError

MODULES = ("xlwings", "Dictionary")
_SOURCE = "quickstart_standalone.xlsm"

_UNUSED_LIBRARY = "MSForms"  # where it is missing, VBA compiles nothing, although no code uses it

_START = '''" -B -c ""import sys;sys.path[:]=filter(None,sys.path);import xlwings;xlwings.serve('$(CLSID)')"""'''

# Each pattern must match once.
_CHANGES = {
    # Hide its functions, such as ReadFile, from the cells of other workbooks.
    r'^(Attribute VB_Name = "xlwings")$': r"\1\nOption Private Module",
    # Use our own settings, apart from those of other projects that use xlwings.
    r'^(Public Const PROJECT_NAME As String = )"xlwings"$': rf'\1"{NAME}"',
    # Read settings from the user's folder only: no workbook, and no file beside it, may choose the program to start.
    r'^(Function GetConfig\(.*, Optional source As String = )""(\) As Variant)$': r'\1"user"\2',
    # Import nothing from a workbook's folder or Excel's current folder. Start Python by the same command from every
    # workbook, so that one process serves them all.
    r"^( +tail = ).*xlwings\.serve\(.*$": rf"\1{_START}",
}


@cache
def xlwings_project() -> VbaProject:
    """A project with xlwings' modules only. Raises MissingError if this version of xlwings has other modules."""
    try:
        with zipfile.ZipFile(Path(xlwings.__file__).with_name(_SOURCE)) as archive:
            project = VbaProject.read(archive.read("xl/vbaProject.bin"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise MissingError(f"xlwings {xlwings.__version__} has no readable VBA in {_SOURCE}: {error}") from None
    found = {module.name: module for module in project.modules}
    if lacking := [name for name in MODULES if name not in found]:
        raise MissingError(f"xlwings {xlwings.__version__} has no VBA module {', '.join(lacking)}")
    modules = [_adapted(found["xlwings"]), *(found[name] for name in MODULES[1:])]
    return project.with_modules(project.name, modules).without_reference(_UNUSED_LIBRARY)


def _adapted(module: Module) -> Module:
    source = "\n".join(module.source.splitlines())
    for pattern, replacement in _CHANGES.items():
        source, count = re.subn(pattern, replacement, source, flags=re.M)
        if count != 1:
            raise MissingError(
                f"the VBA of xlwings {xlwings.__version__} is not supported: {pattern} matches {count} times"
            )
    return replace(module, source=source)
