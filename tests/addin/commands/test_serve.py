"""`gpt2-excel serve`: the options that it refuses, and several processes that serve."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from addin.cli import main
from tests.addin.office.running import free_port

TOKEN = "a-token-of-some-length"


def refused(*arguments: str) -> str:
    """The one line of error that the command prints."""
    ended = CliRunner().invoke(main, ["serve", *arguments])
    assert ended.exit_code in (1, 3), ended.output
    (line,) = ended.stderr.splitlines()
    return line


def test_an_address_that_others_can_reach_needs_a_token() -> None:
    for address in ("0.0.0.0", "192.168.1.5", "::"):
        assert "can be reached by others: give a --token" in refused("--address", address)
    assert "--token must be at least 16 plain characters" in refused("--address", "0.0.0.0", "--token", "short")
    assert "--address must be an IP address" in refused("--address", "example.org")


@pytest.mark.parametrize(
    "url",
    ["http://a", "gpt2.example.org", "https://", "https://a/b", "https://a?b", "https://a#b", "https://[", "https://:x@a",
     "https://a&b", "https://a:port"],
)  # fmt: skip
def test_the_url_must_be_the_https_url_of_a_server(url: str) -> None:
    assert "--url must be like https://gpt2.example.org" in refused("--url", url)


def test_a_proxy_needs_its_address_and_figures_need_a_token() -> None:
    assert "--behind-proxy needs --url" in refused("--behind-proxy")
    assert "--metrics needs --token" in refused("--metrics")


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("addin.office.server.find_spec", lambda package: None)
    assert "there is no package limits: pip install 'gpt2-excel[hall]'" in refused("--calls-a-minute", "600")


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    assert "--certificate and --key go together" in refused("--certificate", str(tmp_path / "a.pem"))
    assert "there is no file" in refused("--certificate", str(tmp_path / "a.pem"), "--key", str(tmp_path / "b.pem"))


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is taken, perhaps by another gpt2-excel serve" in refused("--port", str(port))


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int, ssl.SSLContext]]:
    """The command in a separate process, which answers when this returns."""
    root = folder / "gpt2-excel" / "office" / "root.pem"
    process, port = started(root, {"XDG_DATA_HOME": str(folder), "PYTHONUNBUFFERED": "1"}, arguments)
    try:
        yield process, port, ssl.create_default_context(cafile=root)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def started(root: Path, environment: dict[str, str], arguments: Sequence[str]) -> tuple[subprocess.Popen[str], int]:
    """The process and its port, after it has begun to listen. If another program takes the port first, tries again."""
    said = "is taken"
    while "is taken" in said:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "addin.cli", "serve", "--port", str(port), *arguments],
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while process.poll() is None:
            with socket.socket() as trial:
                if root.exists() and trial.connect_ex(("127.0.0.1", port)) == 0:
                    return process, port
            time.sleep(0.05)
        said = process.communicate()[0]
    raise AssertionError(said)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal that Windows lacks")
def test_several_processes_serve_and_ctrl_c_stops_them(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2", "--token", TOKEN, "--metrics") as (process, port, context):
        body = json.dumps([["GPT2_PREDICT", ["If today is Tuesday, tomorrow is", 1, 1, "demo"]]]).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        for _ in range(4):
            request = urllib.request.Request(f"https://localhost:{port}/calls", body, headers)
            with urllib.request.urlopen(request, timeout=120, context=context) as answer:
                assert json.loads(answer.read())[0][1][1] == " Wednesday"
        figures = urllib.request.Request(f"https://localhost:{port}/metrics", headers=headers)
        with urllib.request.urlopen(figures, timeout=120, context=context) as answer:
            assert b'gpt2_excel_calls_total{function="GPT2_PREDICT",outcome="rows"} 4.0\n' in answer.read()
    said, _ = process.communicate()
    assert f"server    https://localhost:{port}, on 127.0.0.1:{port}; Ctrl-C stops it" in said
    assert "Traceback" not in said
    assert TOKEN not in said
