"""Bounds on a client's bytes, cells and time. Each refusal is one line, and the server keeps running."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import udfs
from addin.office import calls, json_values, limits
from addin.office.app import create_app
from addin.office.calls import without_paths
from tests.addin.office.running import JSON, Running
from tests.addin.office.slow import Slow
from tests.broken_gelu import BrokenGelu
from udfs.cells import FUNCTIONS, CellError

WORK = ["hello", 3, 1, "tiny"]
CALL = b'[["GPT2_PREDICT", []]]'


@pytest.fixture(autouse=True)
def goes_on(server: Running) -> Any:
    """After each of these tests the server still answers."""
    yield
    assert server.call("GPT2_PREDICT", WORK).status == 200


def raw(server: Running, timeout: float = 120) -> ssl.SSLSocket:
    """A connection for arbitrary bytes."""
    context = ssl.create_default_context(cafile=server.files.root)
    plain = socket.create_connection(("127.0.0.1", server.settings.port), timeout=timeout)
    return context.wrap_socket(plain, server_hostname="localhost")


def is_closed(connection: ssl.SSLSocket) -> bool:
    """Whether the server closes the connection without another byte. A client that writes too late sees an error."""
    try:
        return connection.recv(65536) == b""
    except (ConnectionError, ssl.SSLError):
        return True


def head(server: Running, *more: str) -> bytes:
    """The beginning of a call."""
    host = f"localhost:{server.settings.port}"
    lines = ["POST /calls HTTP/1.1", f"Host: {host}", f"Content-Type: {JSON}", *more, "", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[1,", b"\xff\xfe", b"[NaN]", b"[Infinity]", b"nothing", b"[" * 100_000, b"null",
        b"7", b'{"prompt": "hello"}', b"[],[]",
    ],
)  # fmt: skip
def test_malformed_arguments_are_refused(server: Running, body: bytes) -> None:
    answer = server.call("GPT2_PREDICT", body)
    assert answer.status == 422
    assert 10 < len(answer.error) < 300


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"7", b'{"GPT2_PREDICT": []}', b'["GPT2_PREDICT", []]', b'[["GPT2_PREDICT"]]', b"[[1, []]]",
    ],
)  # fmt: skip
def test_a_body_that_is_not_a_list_of_calls_is_refused(server: Running, body: bytes) -> None:
    answer = server.ask("POST", "/calls", body, {"Content-Type": JSON})
    assert answer.status == 422
    assert 10 < len(answer.error) < 300


@pytest.mark.parametrize("arguments", [b"[[[[1]]]]", b"[[1]]", b"[[[1], 2]]", b'[{"a": 1}, []]', b'[[["a", ["b"]]]]'])
def test_arguments_that_are_not_cells_are_an_error_of_the_call(server: Running, arguments: bytes) -> None:
    answer = server.call("GPT2_PREDICT", arguments)
    assert answer.status == 200
    assert 10 < len(answer.error) < 300


def test_each_call_of_a_request_has_its_own_answer(server: Running) -> None:
    calls = [["GPT2_GELU", ["text"]], ["GPT2_PREDICT", WORK], ["GPT2_NOTHING", []], ["GPT2_GELU", [[[0]]]]]
    answer = server.ask("POST", "/calls", json.dumps(calls).encode(), {"Content-Type": JSON})
    wrong, rows, unknown, zero = answer.json
    assert wrong == {"error": "x has the text 'text' in row 1, column 1: a number is needed"}
    assert rows == server.rows("GPT2_PREDICT", WORK)
    assert unknown == {"error": "there is no such function: reload the add-in"}
    assert zero == [[0.0]]
    assert server.ask("POST", "/calls", b"[]", {"Content-Type": JSON}).json == []


def test_more_calls_than_a_request_may_have_are_refused(server: Running) -> None:
    body = json.dumps([["GPT2_GELU", [1]]] * (json_values.MAX_BATCH + 1)).encode()
    answer = server.ask("POST", "/calls", body, {"Content-Type": JSON})
    assert (answer.status, answer.error) == (422, "a request must have at most 100 calls, not 101")


def test_a_body_of_100_mb_is_refused_unread(server: Running) -> None:
    with raw(server) as connection:
        connection.sendall(head(server, f"Content-Length: {100_000_000}"))
        started = time.perf_counter()
        answer = connection.recv(65536)
        assert b" 413 " in answer.partition(b"\r\n")[0]
        with pytest.raises((ConnectionError, ssl.SSLError)):  # the server has closed the connection
            connection.sendall(b" " * 100_000_000)
        assert time.perf_counter() - started < 60


def test_a_body_of_unknown_length_is_refused(server: Running) -> None:
    with raw(server) as connection:
        connection.sendall(head(server, "Transfer-Encoding: chunked") + b"2\r\n[]\r\n0\r\n\r\n")
        assert b" 411 " in connection.recv(65536).partition(b"\r\n")[0]


def test_a_body_that_drips_is_given_up(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.3)
    with raw(server) as connection:
        connection.sendall(head(server, "Content-Length: 100") + b"[")
        assert b" 408 " in connection.recv(65536).partition(b"\r\n")[0]


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc", b"POST /calls HTTP/1.1\r\nA: b\r\n"])
def test_headers_that_drip_are_given_up(server: Running, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Slowloris."""
    monkeypatch.setattr(limits, "HEADER_SECONDS", 0.3)
    started = time.perf_counter()  # before the server starts its own clock
    with raw(server) as connection:
        with suppress(ConnectionError, ssl.SSLError):  # on a busy machine, the time is over already
            connection.sendall(sent)
        assert is_closed(connection)
        assert 0.2 < time.perf_counter() - started < 60


def test_later_headers_that_drip_are_given_up(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a connection whose first request was answered."""
    with raw(server) as connection:
        connection.sendall(f"GET /nothing HTTP/1.1\r\nHost: localhost:{server.settings.port}\r\n\r\n".encode())
        assert b" 404 " in connection.recv(65536).partition(b"\r\n")[0]
        monkeypatch.setattr(limits, "HEADER_SECONDS", 0.3)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        while connection.recv(65536):  # the rest of the first answer
            pass


def test_a_call_may_take_longer_than_its_headers(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEADER_SECONDS", 1)  # enough on a busy machine to send one line
    slow = Slow()
    monkeypatch.setitem(FUNCTIONS, "GPT2_PREDICT", slow)
    with raw(server) as connection:
        connection.sendall(head(server, f"Content-Length: {len(CALL)}") + CALL)
        assert slow.begun.acquire(timeout=60)
        assert not slow.stopped.acquire(timeout=1.2)
        slow.let_go.set()
        assert b" 200 " in connection.recv(65536).partition(b"\r\n")[0]
    monkeypatch.undo()


def test_many_connections_that_say_nothing_hold_up_nobody(server: Running) -> None:
    silent = [raw(server) for _ in range(50)]
    try:
        assert server.call("GPT2_PREDICT", WORK).status == 200
    finally:
        for connection in silent:
            connection.close()


def test_no_answer_waits_for_the_client_to_confirm_its_headers(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    undelayed: list[int] = []
    connection_made = limits.TimedProtocol.connection_made

    def noting(self: limits.TimedProtocol, transport: asyncio.Transport) -> None:
        connection_made(self, transport)
        undelayed.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(limits.TimedProtocol, "connection_made", noting)
    server.call("GPT2_PREDICT", WORK)
    assert undelayed == [1]


def test_a_client_that_goes_stops_its_call(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    monkeypatch.setitem(FUNCTIONS, "GPT2_PREDICT", slow)
    with raw(server) as connection:
        connection.sendall(head(server, f"Content-Length: {len(CALL)}") + CALL)
        assert slow.begun.acquire(timeout=60)
    assert slow.stopped.acquire(timeout=60)
    monkeypatch.undo()


@pytest.mark.parametrize("sent", [b"\0" * 100, b"GET\r\n\r\n", b"A" * 20_000, b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000])
def test_what_is_no_http_is_refused(server: Running, sent: bytes) -> None:
    with raw(server) as connection:
        connection.sendall(sent)
        assert b" 400 " in connection.recv(65536).partition(b"\r\n")[0]


def test_too_many_cells_are_refused(server: Running) -> None:
    body = b"[[" + b",".join([b"[0]"] * (json_values.MAX_CELLS + 1)) + b"]]"
    answer = server.call("GPT2_GELU", body)
    assert answer.error == "the arguments must have at most 1000000 cells, not 1000001"


def test_too_much_text_is_refused(server: Running) -> None:
    assert server.call("GPT2_TOKENIZE", ["a" * 32_768]).error == "a cell must hold at most 32767 characters, not 32768"
    answer = server.call("GPT2_CIRCUIT", [[["a" * 32_000]] * 7])
    assert answer.error == "the arguments must hold at most 200000 characters of text, not 224000"


def test_too_many_arguments_are_refused(server: Running) -> None:
    assert server.call("GPT2_GELU", [1, 2, 3]).error == "GPT2_GELU takes at most 1 arguments, not 3"


def test_a_result_larger_than_excel_takes_is_refused(server: Running) -> None:
    answer = server.call("GPT2_WEIGHT", ["wte.weight", 0, 20_000, 0, 32, "tiny"])
    assert answer.error.startswith("GPT2_WEIGHT gives 20000 x 32 cells, ")
    assert answer.error.endswith(" MB; Excel takes 5 MB at once: ask for less")


def test_there_is_no_other_function_and_no_other_page(server: Running) -> None:
    for name in ("GPT2_NOTHING", "gpt2_predict"):
        assert server.call(name, WORK).error == "there is no such function: reload the add-in"
    assert server.ask("GET", "/nothing").error == "Not Found"
    assert server.ask("GET", "/calls").status == 405
    assert server.ask("DELETE", "/status").status == 405


def test_more_than_there_is_room_for_is_told_to_wait(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MAX_BYTES", 10)
    answer = server.call("GPT2_PREDICT", WORK)
    assert (answer.status, answer.error, answer.headers["retry-after"]) == (503, "the server is busy: try again", "1")


def test_a_model_is_a_name_and_no_path(server: Running, models_folder: Path) -> None:
    for name in ("../tiny", "/etc", "C:\\Windows", str(models_folder / "tiny"), "tiny/../tiny"):
        assert "model" in server.call("GPT2_PREDICT", ["hello", 3, 1, name]).error


def test_errors_carry_no_paths(server: Running, models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(**_: object) -> None:
        raise CellError(f"config.json cannot be read: [Errno 5] {str(models_folder / 'tiny' / 'config.json')!r}")

    monkeypatch.setitem(FUNCTIONS, "GPT2_GELU", replace(FUNCTIONS["GPT2_GELU"], function=damaged))
    given = server.call("GPT2_GELU", []).error
    assert given.replace("\\", "/") == "config.json cannot be read: [Errno 5] '.../tiny/config.json'"
    for folder in (Path.home() / "x", Path(udfs.__file__)):
        assert str(folder.parent) not in without_paths(f"there is no {folder}")


def test_a_bug_is_one_line_and_a_traceback_in_the_log(server: Running, broken_gelu: BrokenGelu) -> None:
    create_app(server.settings)
    answer = server.call("GPT2_GELU", [1])
    assert answer.error == broken_gelu.line
    assert broken_gelu.is_logged()
