"""Makes Excel find the add-in and trust its server, undoes that, and reports on it, with a line for each step.

Excel finds the manifest of an add-in that is not in the store through a folder on a Mac, and the registry on Windows.
All files are in this user's data folder, except one file in Excel's folder on a Mac. No step needs an administrator.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from addin import windows_registry
from addin.errors import AddinError
from addin.office import certificate as certificates
from addin.office.certificate import Certificate
from addin.office.manifest import ADDIN_ID, manifest
from addin.office.settings import PORT

REGISTRY_KEY = r"Software\Microsoft\Office\16.0\Wef\Developer"
_EXCEL_ON_MAC = "Library/Containers/com.microsoft.Excel/Data/Documents"
_ON_THE_WEB = "Excel on the web: Home, Add-ins, More Add-ins, My Add-ins, Upload My Add-in, then the file {}"
_TRUSTED = {
    True: "trusted by this system",
    False: "not trusted by this system",
    None: "the browser decides whether to trust it",
}


def install(port: int = PORT) -> Iterator[str]:
    """Makes the certificate, has the system trust it, and gives Excel the manifest for a server at that port.

    Raises AddinError if a file of another program has the manifest's name.
    """
    folder = certificates.own_folder()
    _check_ours(_manifest_file(folder))
    certificate, is_new = certificates.ensure(folder)
    yield f"{'made' if is_new else 'there is'} a certificate for localhost: {certificate.root}"
    yield from _trust(certificate)
    file = _manifest_file(folder)
    file.write_text(manifest(f"https://localhost:{port}"), encoding="utf-8")
    yield f"wrote the manifest: {file}"
    yield from _sideload(file)
    yield _ON_THE_WEB.format(file)
    serve = "gpt2-excel serve" if port == PORT else f"gpt2-excel serve --port {port}"
    yield f"start the server with {serve}, and leave it running while Excel is used"


def uninstall() -> Iterator[str]:
    """Removes the add-in from Excel, ends the system's trust in the certificate, and removes every file."""
    folder = certificates.own_folder()
    certificate, file = Certificate(folder), _manifest_file(folder)
    _check_ours(file)
    nothing = True
    for line in (*_remove_from_excel(), *_distrust(certificate)):
        nothing = False
        yield line
    for path in (*certificate.files, file):
        if path.exists():
            nothing = False
            path.unlink()
            yield f"removed {path}"
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    if nothing:
        yield "nothing was installed"


def status() -> Iterator[str]:
    """Reports on the certificate, whether the system trusts it, and whether Excel knows the manifest."""
    folder = certificates.own_folder()
    certificate, file = Certificate(folder), _manifest_file(folder)
    if not certificate.is_good:
        yield "certificate: no valid one; gpt2-excel install --host office makes one"
    else:
        yield f"certificate: {certificate.root}, {_TRUSTED[certificates.is_trusted(certificate)]}"
    yield f"manifest: {file if file.exists() else 'not written'}"
    if sys.platform == "darwin":
        there = _mac_file()
        yield f"in Excel's folder: {there if there.exists() else 'no'}"
    if sys.platform == "win32":
        yield f"in Excel's registry: {windows_registry.read(REGISTRY_KEY, ADDIN_ID) or 'no'}"


def _manifest_file(folder: Path) -> Path:
    return folder / "manifest.xml"


def _trust(certificate: Certificate) -> Iterator[str]:
    command = certificates.trust_command(certificate)
    if command is None:
        yield f"for Excel on the web, make the browser trust {certificate.root} as an authority for websites"
    elif certificates.is_trusted(certificate):
        yield "this system already trusts it"
    elif certificates.succeeds(command):
        yield "this system now trusts it"
    else:
        yield f"this system does not trust it yet; this command makes it: {_as_typed(command)}"


def _distrust(certificate: Certificate) -> Iterator[str]:
    if not certificate.is_known:
        if certificate.root.exists():
            yield f"{certificate.root} is damaged, so this system still trusts {certificates.ROOT_NAME!r}"
        return
    command = certificates.distrust_command(certificate)
    if command is None:
        yield f"if a browser trusts it, remove {certificates.ROOT_NAME!r} from its authorities"
    elif certificates.succeeds(command):
        yield "this system no longer trusts the certificate"
    elif certificates.is_trusted(certificate):
        yield f"this system still trusts the certificate; this command undoes it: {_as_typed(command)}"


def _sideload(file: Path) -> list[str]:
    if sys.platform == "darwin":
        there = _add_to_mac(file.read_text(encoding="utf-8"))
        if there is None:
            return ["Excel has not been started on this Mac yet: start it once, then install again"]
        chosen = "in Excel: Home, Add-ins, and under Developer Add-ins choose GPT-2 in Excel"
        return [f"copied it into Excel's folder: {there}", chosen]
    if sys.platform == "win32":
        windows_registry.write(REGISTRY_KEY, ADDIN_ID, str(file))  # as Microsoft's tools do during development
        chosen = "in Excel: Home, Add-ins, More Add-ins, and under Developer Add-ins choose GPT-2 in Excel"
        return [f"registered it with Excel: HKEY_CURRENT_USER\\{REGISTRY_KEY}", chosen]
    return []


def _remove_from_excel() -> list[str]:
    if sys.platform == "darwin" and (there := _mac_file()).exists():
        _check_ours(there)
        there.unlink()
        return [f"removed {there}"]
    if sys.platform == "win32" and windows_registry.read(REGISTRY_KEY, ADDIN_ID):
        windows_registry.delete(REGISTRY_KEY, ADDIN_ID)
        return [f"removed its value from HKEY_CURRENT_USER\\{REGISTRY_KEY}"]
    return []


def _mac_file() -> Path:
    """The manifest in Excel's folder on a Mac."""
    return Path.home() / _EXCEL_ON_MAC / "wef" / "gpt2-excel.xml"


def _add_to_mac(manifest: str) -> Path | None:
    """Writes the manifest there. None if Excel has never been started, so that it has no folder."""
    path = _mac_file()
    if not (Path.home() / _EXCEL_ON_MAC).is_dir():
        return None
    _check_ours(path)
    path.parent.mkdir(exist_ok=True)
    path.write_text(manifest, encoding="utf-8")
    return path


def _check_ours(path: Path) -> None:
    """Raises AddinError if the file is not a manifest of this add-in."""
    if path.exists() and ADDIN_ID not in path.read_text(encoding="utf-8", errors="replace"):
        raise AddinError(f"{path} is another program's file: move it away first")


def _as_typed(command: list[str]) -> str:
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)
