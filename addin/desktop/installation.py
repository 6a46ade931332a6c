"""Installs the functions into Excel for Windows: the add-in into Excel's start folder, and the settings file.

Excel opens every file of its start folder when it starts, and trusts their macros.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from addin import NAME
from addin.desktop.settings import interpreter, remove_settings, settings_file, write_settings
from addin.errors import AddinError, MissingError

_DLL = "xlwings64-{}.dll"


def install() -> Iterator[str]:
    """Writes the add-in and the settings. Raises AddinError if a file is not ours or Excel has the add-in open."""
    from addin.desktop.macro_workbook import write_addin

    _check_system()
    _check_dll()
    addin, settings = _addin_file(), settings_file()
    _check_ours(addin)
    write_settings(settings)
    yield f"wrote {settings}: Excel starts {sys.executable}"
    addin.parent.mkdir(parents=True, exist_ok=True)
    draft = addin.with_name(f".{uuid4().hex[:8]}{addin.suffix}")
    try:
        write_addin(draft)
        _replace(draft, addin)
    finally:
        draft.unlink(missing_ok=True)
    yield f"wrote {addin}: Excel opens it when it starts"
    yield 'Start Excel again and type =GPT2_TOKENIZE("Hello there") into a cell.'
    yield "A workbook to begin with: gpt2-excel new anatomy --host desktop"


def uninstall() -> Iterator[str]:
    """Removes both. Raises AddinError if a file is not ours or Excel has the add-in open."""
    _check_system()
    addin, settings = _addin_file(), settings_file()
    if not addin.exists() and not settings.exists():
        yield "nothing was installed"
        return
    _check_ours(addin)
    interpreter(settings)  # raises AddinError if the file is not ours
    if addin.exists():
        _unlink(addin)
        yield f"removed {addin}"
    if settings.exists():
        remove_settings(settings)
        yield f"removed {settings}"


def status() -> Iterator[str]:
    """Reports on both files, and whether they fit this Python and its xlwings."""
    if sys.platform != "win32":
        yield f"for Excel on Windows only; this system is {sys.platform}"
        return
    yield _status_of_addin(_addin_file())
    yield _status_of_settings(settings_file())


def _status_of_addin(addin: Path) -> str:
    from addin.desktop.macro_workbook import made_for
    from addin.made_by import version_of
    from udfs.version import VERSION

    if not addin.exists():
        return "add-in: not installed (gpt2-excel install)"
    version = made_for(addin)
    if version is None:
        return f"add-in: {addin} is another program's file"
    if version != _xlwings_version():
        return f"add-in: made for xlwings {version}, but {_xlwings_version()} is installed (gpt2-excel install)"
    if (ours := version_of(addin)) != VERSION:
        return f"add-in: of gpt2-excel {ours}, but {VERSION} is installed (gpt2-excel install)"
    return f"add-in: {addin}, for xlwings {version}"


def _status_of_settings(settings: Path) -> str:
    python = interpreter(settings)
    if python is None:
        return "settings: not installed (gpt2-excel install)"
    if not Path(python).exists():
        return f"settings: {settings} names a Python that does not exist, {python} (gpt2-excel install)"
    return f"settings: {settings}, Python is {python}"


def _addin_file() -> Path:
    try:
        return Path(os.environ["APPDATA"], "Microsoft", "Excel", "XLSTART", f"{NAME}.xlam")
    except KeyError:
        raise MissingError("APPDATA is not set: Excel's start folder cannot be found") from None


def _check_system() -> None:
    if sys.platform != "win32":
        raise AddinError(f"--host desktop is for Excel on Windows, not for {sys.platform}: use office or calc")


def _check_dll() -> None:
    """Checks that xlwings' library is where its VBA looks for it: beside Python, or in the folder above."""
    name, python = _DLL.format(_xlwings_version()), Path(sys.executable)
    if not any((folder / name).exists() for folder in python.parents[:2]):
        raise MissingError(
            f"{name} of xlwings is not beside {python}: pip install --force-reinstall xlwings, without --user"
        )


def _check_ours(addin: Path) -> None:
    from addin.desktop.macro_workbook import made_for

    if addin.exists() and made_for(addin) is None:
        raise AddinError(f"{addin} was not written by gpt2-excel: move it away, then run this again")


def _replace(draft: Path, addin: Path) -> None:
    try:
        os.replace(draft, addin)
    except PermissionError:
        raise AddinError(f"cannot write {addin}: close Excel, then run this again") from None


def _unlink(addin: Path) -> None:
    try:
        addin.unlink()
    except PermissionError:
        raise AddinError(f"cannot remove {addin}: close Excel, then run this again") from None


def _xlwings_version() -> str:
    import xlwings

    return str(xlwings.__version__)
