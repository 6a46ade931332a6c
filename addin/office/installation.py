"""Makes Excel find the add-in and trust its server; undoes it; says how it stands. Each line yielded is one thing done.

What is made lies in this user's data folder, and on a Mac one file in Excel's own; nothing needs an administrator.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from addin.office import certificate as certificates
from addin.office import sideload, trust
from addin.office.certificate import Certificate
from addin.office.manifest import manifest
from addin.office.settings import PORT

_ON_THE_WEB = "Excel on the web: Home, Add-ins, More Add-ins, My Add-ins, Upload My Add-in, then the file {}"
_TRUSTED = {True: "trusted by this system", False: "not trusted by this system", None: "trust is up to the browser"}


def install(port: int = PORT) -> Iterator[str]:
    """Makes the certificate and has it trusted, writes the manifest for a server at that port of this machine, and puts
    it where Excel looks."""
    folder = certificates.own_folder()
    sideload.check_ours(_manifest_file(folder))
    certificate, is_new = certificates.ensure(folder)
    yield f"{'made' if is_new else 'there is'} a certificate for localhost: {certificate.root}"
    yield from _have_trusted(certificate)
    file = _manifest_file(folder)
    file.write_text(manifest(f"https://localhost:{port}"), encoding="utf-8")
    yield f"wrote the manifest: {file}"
    yield from _sideload(file)
    yield _ON_THE_WEB.format(file)
    serve = "gpt2-excel serve" if port == PORT else f"gpt2-excel serve --port {port}"
    yield f"start the server with {serve}, and leave it running while Excel is used"


def uninstall() -> Iterator[str]:
    """Takes the add-in from Excel, has the certificate no longer trusted, and removes every file that was made."""
    folder = certificates.own_folder()
    certificate, file = Certificate(folder), _manifest_file(folder)
    sideload.check_ours(file)
    nothing = True
    for line in (*_take_from_excel(), *_have_distrusted(certificate)):
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
        yield "nothing of the Office add-in is on this machine"


def status() -> Iterator[str]:
    """The certificate, whether the system trusts it, and whether Excel knows the manifest."""
    folder = certificates.own_folder()
    certificate, file = Certificate(folder), _manifest_file(folder)
    if not certificate.is_good:
        yield "certificate: none that is valid; gpt2-excel install --host office makes one"
    else:
        yield f"certificate: {certificate.root}, {_TRUSTED[trust.is_trusted(certificate)]}"
    yield f"manifest: {file if file.exists() else 'not written'}"
    if sys.platform == "darwin":
        there = sideload.mac_file()
        yield f"in Excel's folder: {there if there.exists() else 'no'}"
    if sys.platform == "win32":
        yield f"in Excel's registry: {sideload.known_to_windows() or 'no'}"


def _manifest_file(folder: Path) -> Path:
    return folder / "manifest.xml"


def _have_trusted(certificate: Certificate) -> Iterator[str]:
    command = trust.trust_command(certificate)
    if command is None:
        yield f"for Excel on the web, make the browser trust {certificate.root} as an authority for websites"
    elif trust.is_trusted(certificate):
        yield "this system trusts it already"
    elif trust.run(command):
        yield "this system trusts it now"
    else:
        yield f"this system does not trust it yet; to make it so: {_typed(command)}"


def _have_distrusted(certificate: Certificate) -> Iterator[str]:
    if not certificate.is_known:
        if certificate.root.exists():
            yield f"{certificate.root} is damaged, so what this system trusts as {certificates.ROOT_NAME!r} stays"
        return
    command = trust.distrust_command(certificate)
    if command is None:
        yield f"where a browser was made to trust it, remove {certificates.ROOT_NAME!r} from its authorities"
    elif trust.run(command):
        yield "this system trusts the certificate no longer"
    elif trust.is_trusted(certificate):
        yield f"this system still trusts the certificate; to undo it: {_typed(command)}"


def _sideload(file: Path) -> list[str]:
    if sys.platform == "darwin":
        there = sideload.add_to_mac(file.read_text(encoding="utf-8"))
        if there is None:
            return ["Excel has not been started on this Mac yet: start it once, then install again"]
        chosen = "in Excel: Home, Add-ins, and under Developer Add-ins choose GPT-2 in Excel"
        return [f"put it where Excel looks: {there}", chosen]
    if sys.platform == "win32":
        sideload.add_to_windows(file)
        chosen = "in Excel: Home, Add-ins, More Add-ins, and under Developer Add-ins choose GPT-2 in Excel"
        return [f"told Excel of it: HKEY_CURRENT_USER\\{sideload.REGISTRY_KEY}", chosen]
    return []


def _take_from_excel() -> list[str]:
    if sys.platform == "darwin" and (there := sideload.mac_file()).exists():
        sideload.check_ours(there)
        there.unlink()
        return [f"removed {there}"]
    if sys.platform == "win32" and sideload.known_to_windows():
        sideload.remove_from_windows()
        return [f"removed its value from HKEY_CURRENT_USER\\{sideload.REGISTRY_KEY}"]
    return []


def _typed(command: list[str]) -> str:
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)
