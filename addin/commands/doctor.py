"""`gpt2-excel doctor`: what this machine has, what it lacks, and the command that fixes it."""

from __future__ import annotations

import logging
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import click

from addin import NAME
from addin.errors import MissingError

_PIP = f'"{sys.executable}" -m pip install'
_REINSTALL = f"{_PIP} --force-reinstall {NAME}"
_INSTALL_LIBREOFFICE = {
    "win32": "winget install TheDocumentFoundation.LibreOffice",
    "darwin": "brew install --cask libreoffice",
    "linux": "sudo apt-get install libreoffice-calc",
}


@click.command()
def doctor() -> None:
    """Show what this machine has and lacks, and how to fix it.

    The exit code is 0 if gpt2-excel run works, even if other things are missing.
    """
    from rich.text import Text

    from addin.commands.console import console

    out, broken = console(), []
    for finding in findings():
        mark, style = ("ok", "green") if finding.found else ("missing", "red" if finding.needed else "yellow")
        out.print(Text.assemble((f"{mark:<8}", style), f"{finding.what:<15}", finding.detail))
        if not finding.found:
            out.print(Text(f"{'':8}{'':15}-> {finding.remedy}"))
        if finding.needed and not finding.found:
            broken.append(finding.what)
    if broken:
        raise MissingError(f"gpt2-excel run cannot work without: {', '.join(broken)}")


@dataclass(frozen=True)
class Finding:
    """The result of one check, how to fix it, and whether `gpt2-excel run` needs it."""

    what: str
    found: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def findings() -> Iterator[Finding]:
    """The results of all checks, one after the other."""
    checks = (_gpt2_excel, _python, _packages, _models, _gpt2, _models_folder, _cache_folder, _current_folder, _log)
    return map(_result, (*checks, _main_job, _excel, _xlwings_lite, _libreoffice))


def _result(check: Callable[[], Finding]) -> Finding:
    """The result of a check. A check that raises an exception counts as missing, and the exception is logged."""
    try:
        return check()
    except Exception as error:
        what = check.__name__.strip("_").replace("_", " ")
        with suppress(ImportError):  # without NumPy, udfs and its log cannot be imported
            from udfs.cells.log import log_to_file

            log_to_file()
            logging.getLogger("udfs").exception("doctor: the check of %s failed", what)
        needed = check in (_gpt2_excel, _python, _packages, _models, _main_job)
        return Finding(what, False, f"{type(error).__name__}: {error}", _REINSTALL, needed)


def _gpt2_excel() -> Finding:
    from udfs.version import VERSION

    return Finding(NAME, True, f"{VERSION} ({Path(__file__).parents[2]})")


def _python() -> Finding:
    lowest = metadata.metadata(NAME)["Requires-Python"].removeprefix(">=")
    is_enough = sys.version_info >= tuple(int(part) for part in lowest.split("."))
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", is_enough, f"{version} ({sys.executable})", f"install Python {lowest} or newer")


def _packages() -> Finding:
    requirements = [line for line in metadata.requires(NAME) or [] if "extra ==" not in line]
    names = sorted((re.split(r"[^\w.-]", line)[0] for line in requirements), key=str.lower)
    versions = {name: _version(name) for name in names}
    if missing := [name for name, version in versions.items() if version is None]:
        return Finding("packages", False, f"not installed: {', '.join(missing)}", f"{_PIP} {' '.join(missing)}")
    return Finding("packages", True, ", ".join(f"{name} {version}" for name, version in versions.items()))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _models() -> Finding:
    from udfs.backend import catalogue

    default = catalogue.default_name()
    names = [model.name for model in catalogue.installed()]
    listed = ", ".join(f"{name} (default)" if name == default else name for name in names)
    if default in names:
        return Finding("models", True, listed)
    remedy = f"gpt2-excel download {default}" if default in catalogue.HUB_NAMES else "unset GPT2_EXCEL_MODEL"
    return Finding("models", False, f"{listed}; the default, {default}, is missing", remedy)


def _gpt2() -> Finding:
    from udfs.backend import catalogue
    from udfs.backend.errors import ModelError

    try:
        where = catalogue.find("gpt2")
        return Finding("GPT-2", True, f"{where} (gpt2-excel verify gpt2 checks its numbers)", needed=False)
    except ModelError:
        detail = f"not here; {catalogue.DEMO}, a small teaching model, is used instead (gpt2-excel verify checks it)"
        return Finding("GPT-2", False, detail, "gpt2-excel download gpt2", needed=False)


def _models_folder() -> Finding:
    from udfs.backend.folders import models_folder

    return _writable("models folder", models_folder(), "set GPT2_EXCEL_MODELS to a writable folder")


def _cache_folder() -> Finding:
    from udfs.backend.folders import cache_folder

    return _writable("cache folder", cache_folder(), "set GPT2_EXCEL_CACHE to a writable folder")


def _current_folder() -> Finding:
    return _writable("current folder", Path.cwd(), "go to a writable folder, or name a file with -o")


def _writable(what: str, folder: Path, remedy: str) -> Finding:
    """Whether a file can be created in a folder, or in its nearest parent that exists."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            return Finding(what, True, str(folder), needed=False)
    except OSError as error:
        return Finding(what, False, f"{folder}: {error.strerror}", remedy, needed=False)


def _log() -> Finding:
    from udfs.cells.log import log_path

    path = log_path()
    return Finding("log of bugs", True, str(path) if path.exists() else f"{path} (no bug so far)", needed=False)


def _main_job() -> Finding:
    """Does the work of `gpt2-excel run`, in a temporary folder."""
    from addin.commands.outcome import read_outcome
    from addin.templates import open_template

    started = time.perf_counter()
    workbook, name = open_template("anatomy", "headless")
    workbook.recalculate()
    read_outcome(workbook)
    return Finding("main job", True, f"recalculated {name} in {time.perf_counter() - started:.1f} s")


def _excel() -> Finding:
    from addin.programs import find_excel

    if sys.platform not in ("win32", "darwin"):
        detail = f"not available for {sys.platform}; gpt2-excel run does not need it"
        return Finding("Excel", False, detail, "open the workbooks in LibreOffice or Excel on the web", needed=False)
    place = find_excel()
    remedy = "install Microsoft Excel, or use LibreOffice; gpt2-excel run needs neither"
    return Finding("Excel", place is not None, place or "not found", remedy, needed=False)


def _xlwings_lite() -> Finding:
    """xlwings Lite runs in the browser, so this only names the package that its workbooks install there."""
    from addin.lite.installation import status

    return Finding("xlwings Lite", True, "; ".join(status()), needed=False)


def _libreoffice() -> Finding:
    from addin.programs import find_libreoffice, libreoffice_version

    remedy = _INSTALL_LIBREOFFICE.get(sys.platform, "install LibreOffice")
    program = find_libreoffice()
    if program is None:
        return Finding("LibreOffice", False, "not found", remedy, needed=False)
    version = libreoffice_version(program)
    detail = f"{version} ({program})" if version else f"{program} does not start"
    return Finding("LibreOffice", version is not None, detail, remedy, needed=False)
