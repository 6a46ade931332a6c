"""The VBA that comes with the installed xlwings: it starts Python and hands calls to it.

It declares functions of `xlwings64-<version>.dll`, so it must be that of the version which runs.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import xlwings

from addin.commands.problems import Missing
from addin.desktop.settings import NAME
from addin.desktop.vba_project import Module, VbaProject

MODULES = ("xlwings", "Dictionary")
_SOURCE = "quickstart_standalone.xlsm"

_START = '''" -B -c ""import sys;sys.path[:]=filter(None,sys.path);import xlwings;xlwings.serve('$(CLSID)')"""'''

# Each pattern must be there once.
_CHANGES = {
    # Cells of any workbook could call its functions, such as ReadFile: keep them to this project.
    r'^(Attribute VB_Name = "xlwings")$': r"\1\nOption Private Module",
    # Settings of our own, beside those of other projects that use xlwings.
    r'^(Public Const PROJECT_NAME As String = )"xlwings"$': rf'\1"{NAME}"',
    # Settings from the user's folder only: a workbook, or a file beside it, must not say which program is started.
    r'^(Function GetConfig\(.*, Optional source As String = )""(\) As Variant)$': r'\1"user"\2',
    # Nothing is imported from a workbook's folder, or from where Excel happens to be; and Python is started by the same
    # command from each workbook, so that one process serves them all.
    r"^( +tail = ).*xlwings\.serve\(.*$": rf"\1{_START}",
}


@cache
def xlwings_project() -> VbaProject:
    """A project with xlwings' modules and nothing else. Missing where this xlwings has them in a form unknown here."""
    try:
        with zipfile.ZipFile(Path(xlwings.__file__).with_name(_SOURCE)) as archive:
            project = VbaProject.read(archive.read("xl/vbaProject.bin"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Missing(f"xlwings {xlwings.__version__} has no VBA that can be read in {_SOURCE}: {error}") from None
    found = {module.name: module for module in project.modules}
    if lacking := [name for name in MODULES if name not in found]:
        raise Missing(f"xlwings {xlwings.__version__} has no VBA module {', '.join(lacking)}")
    return project.with_modules(project.name, [_adapted(found["xlwings"]), *(found[name] for name in MODULES[1:])])


def _adapted(module: Module) -> Module:
    source = "\n".join(module.source.splitlines())
    for pattern, replacement in _CHANGES.items():
        source, count = re.subn(pattern, replacement, source, flags=re.M)
        if count != 1:
            raise Missing(
                f"the VBA of xlwings {xlwings.__version__} is not known here: {pattern} is there {count} times"
            )
    return replace(module, source=source)
