"""How a workbook is written for the program that opens it: suffix, macros, and what the cells hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

from addin.commands.hosts import usual_host
from addin.commands.output_file import MACROS, SUFFIX
from addin.errors import AddinError
from addin.headless import Contents, Workbook
from workbook_templates import FORMULAS_ONLY, TEMPLATES
from workbook_templates.start_tab import START_NOTE, VALUES_ONLY


@dataclass(frozen=True)
class HostFile:
    """The host of a file, its suffix, what its cells hold, and what is added after all sheets.

    The host is blank for a user's file, whose formulas stay as they are. `add` is called with the written file.
    `values_of` is the template of a file without formulas.
    """

    host: str
    suffix: str = SUFFIX
    contents: Contents = "all"
    finish: Callable[[xlsxwriter.Workbook], None] | None = None
    add: Callable[[Path], None] | None = None
    values_of: str = ""

    def save(self, workbook: Workbook, file: Path, *, small: bool = False) -> None:
        """Writes a recalculated workbook. A template's file without formulas is small, and says so on the tab Start."""
        if self.values_of and self.values_of not in FORMULAS_ONLY:
            workbook.set(START_NOTE, VALUES_ONLY.format(f"gpt2-excel new {self.values_of}"))
        workbook.save(file, contents=self.contents, small=small or bool(self.values_of))
        if self.add:
            self.add(file)


def host_file(template: str, host: str | None) -> HostFile:
    """The file of a template for a host; by default for the one that fits this operating system."""
    if template in FORMULAS_ONLY:  # the same for every program, and each computes it when it opens it
        return HostFile(host or "office", contents="formulas")
    host = host or usual_host()
    if host == "desktop":
        from addin.desktop.macro_workbook import add_functions

        return HostFile(host, MACROS, finish=add_functions)
    if host == "lite":
        from addin.lite.web_extension import add_web_extension

        return HostFile(host, add=add_web_extension)
    return HostFile(host, contents="formulas" if host == "calc" else "all")


def result_file(source: str, host: str | None, *, values_only: bool) -> HostFile:
    """The file that `gpt2-excel run` writes for a template or a file. Raises AddinError for options that contradict."""
    if host is not None and values_only:
        raise AddinError("--for and --values cannot be combined: values without formulas are for every program")
    if source in TEMPLATES:
        return HostFile("office", contents="values", values_of=source) if values_only else host_file(source, host)
    if host is not None:
        raise AddinError("--for works only with a template: an existing file keeps its own program")
    suffix = MACROS if source.lower().endswith(MACROS) else SUFFIX
    return HostFile("", suffix, contents="values" if values_only else "all")
