"""What is on this machine: Python, packages, models, folders that can be written, spreadsheet programs."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from addin.commands.programs import find_excel, find_libreoffice, libreoffice_version

_PACKAGE = "gpt2-excel"
_PIP = f'"{sys.executable}" -m pip install'
_REINSTALL = f"{_PIP} --force-reinstall {_PACKAGE}"
_INSTALL_LIBREOFFICE = {
    "win32": "winget install TheDocumentFoundation.LibreOffice",
    "darwin": "brew install --cask libreoffice",
    "linux": "sudo apt-get install libreoffice-calc",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for, what to do where it is missing, and whether `gpt2-excel run` needs it."""

    what: str
    found: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def look() -> Iterator[Finding]:
    """Everything, one after the other."""
    checks = (_python, _packages, _models, _gpt2, _models_folder, _current_folder, _main_job, _excel, _libreoffice)
    return map(_survived, checks)


def _survived(check: Callable[[], Finding]) -> Finding:
    """What a check finds. One that fails for a reason of its own has found something missing too."""
    try:
        return check()
    except Exception as error:
        what = check.__name__.strip("_").replace("_", " ")
        needed = check in (_python, _packages, _models, _main_job)
        return Finding(what, False, f"{type(error).__name__}: {error}", _REINSTALL, needed)


def _python() -> Finding:
    lowest = metadata.metadata(_PACKAGE)["Requires-Python"].removeprefix(">=")
    enough = sys.version_info >= tuple(int(part) for part in lowest.split("."))
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", enough, f"{version} ({sys.executable})", f"install Python {lowest} or newer")


def _packages() -> Finding:
    requirements = [line for line in metadata.requires(_PACKAGE) or [] if "extra ==" not in line]
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
    return Finding("models", False, f"{listed}; the default, {default}, is not there", remedy)


def _gpt2() -> Finding:
    from udfs.backend import catalogue
    from udfs.backend.errors import ModelError

    try:
        return Finding("GPT-2", True, str(catalogue.find("gpt2")), needed=False)
    except ModelError:
        detail = f"not here; {catalogue.DEMO}, a small teaching model, stands in for it"
        return Finding("GPT-2", False, detail, "gpt2-excel download gpt2", needed=False)


def _models_folder() -> Finding:
    from udfs.backend import catalogue

    remedy = "set GPT2_EXCEL_MODELS to a folder that can be written"
    return _writable("models folder", catalogue.models_folder(), remedy)


def _current_folder() -> Finding:
    return _writable("current folder", Path.cwd(), "go to a folder that can be written, or name a file with -o")


def _writable(what: str, folder: Path, remedy: str) -> Finding:
    """Whether a file can be made there, or in the nearest folder above that exists."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            return Finding(what, True, str(folder), needed=False)
    except OSError as error:
        return Finding(what, False, f"{folder}: {error.strerror}", remedy, needed=False)


def _main_job() -> Finding:
    """Does what `gpt2-excel run` does, in a folder of its own."""
    from addin.commands.outcome import read_outcome
    from addin.commands.source import open_template

    started = time.perf_counter()
    workbook, name = open_template("anatomy", "headless")
    workbook.recalculate()
    read_outcome(workbook)
    return Finding("main job", True, f"recalculated {name} in {time.perf_counter() - started:.1f} s")


def _excel() -> Finding:
    if sys.platform not in ("win32", "darwin"):
        detail = f"there is none for {sys.platform}; gpt2-excel run needs none"
        return Finding("Excel", False, detail, "open the workbooks in LibreOffice or in Excel on the web", needed=False)
    place = find_excel()
    remedy = "install Microsoft Excel, or use LibreOffice; gpt2-excel run needs neither"
    return Finding("Excel", place is not None, place or "not found", remedy, needed=False)


def _libreoffice() -> Finding:
    remedy = _INSTALL_LIBREOFFICE.get(sys.platform, "install LibreOffice")
    program = find_libreoffice()
    if program is None:
        return Finding("LibreOffice", False, "not found", remedy, needed=False)
    version = libreoffice_version(program)
    detail = f"{version} ({program})" if version else f"{program} does not start"
    return Finding("LibreOffice", version is not None, detail, remedy, needed=False)
