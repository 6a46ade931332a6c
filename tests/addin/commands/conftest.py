"""A separate folder for each test, and a local hub that answers `HEAD` and `GET` as huggingface.co does."""

from __future__ import annotations

import hashlib
import re
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants as hub_constants
import pytest
import xlsxwriter
from click.testing import CliRunner, Result

from addin.cli import main
from addin.commands import doctor

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """The hub's side of a download, with possible failures.

    `cuts` are the byte counts after which the next transfers of a large file break off. `ranges` and `tokens` are the
    Range and Authorization headers with which they were asked for.
    """

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    stall: threading.Event = field(default_factory=threading.Event)
    endpoint: str = ""
    cdn: str = ""

    def etag(self, name: str, content: bytes) -> str:
        """SHA-256 for files in git-lfs, git's blob id for the others."""
        if name in self.etags:
            return self.etags[name]
        if name.endswith(".safetensors"):
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:  # http.server's name
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            if self.path.startswith("/cdn/"):
                owner, project, name = self.path.removeprefix("/cdn/").split("/", 2)
                repository = f"{owner}/{project}"
                return self.transfer(hub.repositories[repository][name])
            match = re.fullmatch(r"/(.+?)/resolve/(\w+)/(.+)", self.path)
            repository, _, name = match.groups() if match else ("", "", "")
            if repository not in hub.repositories:
                return self.refuse("RepoNotFound")
            if name not in hub.repositories[repository]:
                return self.refuse("EntryNotFound")
            content = hub.repositories[repository][name]
            large = name.endswith(".safetensors")
            self.send_response(302 if large else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hub.etag(name, content)}"')
            if large:
                self.send_header("X-Linked-Etag", f'"{hub.etag(name, content)}"')
                self.send_header("X-Linked-Size", str(len(content)))
                self.send_header("Location", f"{hub.cdn}/cdn/{repository}/{name}")
            self.send_header("Content-Length", "0" if large else str(len(content)))
            self.end_headers()
            if with_body and not large:
                self.wfile.write(content)
            return None

        def transfer(self, content: bytes) -> None:
            asked = self.headers.get("Range")
            hub.ranges.append(asked)
            hub.tokens.append(self.headers.get("Authorization"))
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(content) - start))
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if hub.cuts:
                self.wfile.write(content[start : start + hub.cuts.pop(0)])
                self.wfile.flush()
                hub.stall.wait(300)
                self.close_connection = True
            else:
                self.wfile.write(content[start:])

        def refuse(self, code: str) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> Iterator[None]:
    """Enables SIGINT: a script that runs the tests in the background disables it for all their processes."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    if ignored:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.fixture
def hub(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A local hub. Its large files are on a second server, as on the real hub. No transfer stalls at first."""
    fake = FakeHub()
    fake.stall.set()
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake)) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    fake.endpoint, fake.cdn = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    use_endpoint(monkeypatch, fake.endpoint)
    monkeypatch.setattr(hub_constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    yield fake
    fake.stall.set()
    for server in servers:
        server.shutdown()
        server.server_close()


def use_endpoint(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setattr(hub_constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(
        hub_constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setenv("HF_ENDPOINT", endpoint)  # for other processes


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and an empty Hugging Face cache."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(hub_constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder


@pytest.fixture
def models(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder that does not exist yet."""
    folder = here.parent / "models"
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(folder))
    return folder


@pytest.fixture
def workbook(here: Path) -> Path:
    """A user's small workbook `mine.xlsx`, with the defined names of the templates and the model `tiny`."""
    path = here.parent / "mine.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet("Prompt")
        sheet.write_column("B3", ["Hello there", "tiny"])
        sheet.write_formula("B5", "=GPT2_MODEL(B4)")
        sheet.write_dynamic_array_formula("A8:C12", "=GPT2_TOKENIZE(B3)")
        sheet.write_dynamic_array_formula("E8:I18", "=GPT2_PREDICT(B3,10,,B5)")
        sheet.write_formula("F3", "=F9")
        sheet.write_string("H1", "free")
        names = {"prompt": "$B$3", "model_name": "$B$4", "model": "$B$5", "tokens": "$A$8:$C$40"}
        for name, cells in {**names, "next_tokens": "$E$8:$I$18", "next_token": "$F$3"}.items():
            made.define_name(name, f"=Prompt!{cells}")
    return path


@pytest.fixture
def no_main_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """`gpt2-excel doctor` takes it for granted that a workbook can be recalculated."""
    monkeypatch.setattr(doctor, "_main_job", lambda: doctor.Finding("main job", True, "not tried"))


@pytest.fixture
def gpt2_excel(here: Path) -> Callable[..., Result]:
    """The command line in this process."""
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])
