"""The WebSocket of a page: requests answered in any order, canceled, refused, and no connection for others."""

from __future__ import annotations

import json
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from addin.office import calls, limits
from tests.addin.office.page_client import PageClient, as_the_page_packs, packed
from tests.addin.office.running import Running, running
from tests.addin.office.slow import Slow
from udfs.cells import FUNCTIONS

ROWS = [[0.5, -1.25, 1 / 3], [2.0, 3.0, 4.0]]
GELU = as_the_page_packs([("GPT2_GELU", [ROWS])])
TOKENIZE = as_the_page_packs([("GPT2_TOKENIZE", ["hello"])])
TOKEN = "a token of some length"
REFUSED = "this server answers only its own page and Office"


def opened(server: Running, **options: Any) -> PageClient:
    return PageClient(server.settings.url, ssl.create_default_context(cafile=server.files.root), **options)


@pytest.fixture
def page(server: Running) -> Iterator[PageClient]:
    with closing(opened(server)) as one:
        yield one


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    function = Slow()
    monkeypatch.setitem(FUNCTIONS, "GPT2_TOKENIZE", function)
    return function


def test_it_answers_as_json_is_answered(page: PageClient, server: Running) -> None:
    assert json.loads(page.ask(GELU)) == server.call("GPT2_GELU", [ROWS]).json
    assert page.ask(packed([])) == b"[]"


def test_a_slow_request_does_not_hold_up_the_next(page: PageClient, slow: Slow) -> None:
    first, second = page.send(TOKENIZE), page.send(GELU)
    assert page.receive()[0] == second
    slow.let_go.set()
    assert page.receive() == (first, [[["done"]]])


def test_a_canceled_request_stops_and_has_no_answer(page: PageClient, slow: Slow) -> None:
    canceled, other = page.send(TOKENIZE), page.send(TOKENIZE)
    assert slow.begun.acquire(timeout=60)
    assert slow.begun.acquire(timeout=60)
    page.cancel(canceled)
    assert slow.stopped.acquire(timeout=60)
    slow.let_go.set()
    assert page.receive() == (other, [[["done"]]])
    page.cancel(canceled)  # a page may cancel while the answer is on its way
    page.cancel(999)
    assert json.loads(page.ask(GELU))


def test_a_page_that_goes_stops_its_calls(server: Running, slow: Slow) -> None:
    with closing(opened(server)) as page:
        page.send(TOKENIZE)
        assert slow.begun.acquire(timeout=60)
    assert slow.stopped.acquire(timeout=60)


def test_a_refused_request_is_one_line_and_the_next_is_answered(page: PageClient) -> None:
    page.send(packed([["F", [{"numbers": [1, 2]}]]], 1.0))
    assert page.receive()[1] == {
        "error": "the calls are not packed as the page packs them: reload the add-in",
        "again": False,
    }
    assert json.loads(page.ask(TOKENIZE))[0][1] == [0, "hello", 31373]


def test_a_busy_server_tells_the_page_to_ask_again(page: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(calls, "MAX_BYTES", 10)
        page.send(GELU)
        assert page.receive()[1] == {"error": "the server is busy: try again", "again": True}
    assert page.ask(packed([])) == b"[]"


@pytest.mark.parametrize(
    "message",
    [b"", b"1", struct.pack("<d", 1), struct.pack("<d", 0.5) + GELU, struct.pack("<d", -1) + GELU, "-1", "a", "9" * 99]
    + [struct.pack("<d", number) + GELU for number in (float("nan"), float("inf"), 1e300)],
)
def test_a_message_without_a_number_ends_the_connection(page: PageClient, message: bytes | str) -> None:
    page.send_message(message)
    with pytest.raises(ConnectionClosedError, match="1007"):
        page.receive()


def test_a_number_that_is_in_use_ends_the_connection(page: PageClient, slow: Slow) -> None:
    message = struct.pack("<d", 1) + TOKENIZE
    page.send_message(message)
    assert slow.begun.acquire(timeout=60)
    page.send_message(message)
    with pytest.raises(ConnectionClosedError, match="1007"):
        page.receive()
    assert slow.stopped.acquire(timeout=60)


def test_a_message_that_is_too_large_ends_the_connection(page: PageClient) -> None:
    with suppress(OSError):  # the server does not read to its end
        page.send_message(b"\0" * (limits.MAX_BODY_BYTES + 1))
    with pytest.raises((ConnectionClosed, OSError)):
        page.receive()


def test_an_open_page_may_be_silent_for_longer_than_headers_may_take(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEADER_SECONDS", 0.3)
    with closing(opened(server)) as page:
        time.sleep(0.4)
        assert page.ask(packed([])) == b"[]"


def status(connecting: partial[PageClient]) -> tuple[int, str]:
    """How the server refuses a connection."""
    with pytest.raises(InvalidStatus) as refusal:
        connecting()
    response = refusal.value.response
    return response.status_code, json.loads(response.body)["error"]


@pytest.mark.parametrize("origin", ["https://evil.example", "https://excel.officeapps.live.com", "null"])
def test_no_foreign_page_is_connected(server: Running, origin: str) -> None:
    assert status(partial(opened, server, origin=origin)) == (403, REFUSED)


def test_a_program_that_sends_no_origin_is_connected(server: Running) -> None:
    with closing(opened(server, origin=None)) as page:
        assert page.ask(packed([])) == b"[]"


def test_a_foreign_host_is_refused(server: Running) -> None:
    reached = ("127.0.0.1", server.settings.port)
    foreign = partial(PageClient, "https://evil.example", ssl._create_unverified_context(), reached=reached)
    assert status(foreign) == (421, "this server does not answer to that Host")


def test_the_token_is_needed(models_folder: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(tmp_path_factory.mktemp("guarded"), tokens=(TOKEN,)) as guarded:
        for wrong in ("", "x", TOKEN + "x"):
            assert status(partial(opened, guarded, token=wrong))[0] == 401
        with closing(opened(guarded, token=TOKEN)) as page:
            assert page.ask(packed([])) == b"[]"


def test_there_are_no_more_pages_than_the_server_accepts(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 1)
    with closing(opened(server)):
        assert status(partial(opened, server)) == (503, "the server is busy: try again")
    deadline = time.monotonic() + 60
    while not is_accepted(server):  # until the server has seen the first page go
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_accepted(server: Running) -> bool:
    try:
        opened(server).close()
    except InvalidStatus:
        return False
    return True


def test_other_paths_accept_no_socket(server: Running) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        PageClient(f"{server.settings.url}/status", ssl.create_default_context(cafile=server.files.root))
