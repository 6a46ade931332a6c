"""Clients that call a server at the same time, like the workbooks of many users, each on its own connection."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

JSON_BODY = {"Content-Type": "application/json"}


@dataclass
class Tally:
    """The results of all clients: the seconds of each request, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def within(self, share: float) -> float:
        """The milliseconds within which this share of the requests was answered."""
        return 1e3 * sorted(self.seconds)[min(int(len(self.seconds) * share), len(self.seconds) - 1)]


def connect(port: int, context: ssl.SSLContext, number: int | None = None) -> HTTPSConnection:
    """A connection to this machine. With `number`, it comes from a loopback address of that client's own (Linux)."""
    source = None if number is None else (f"127.1.{number // 250}.{1 + number % 250}", 0)
    return HTTPSConnection("localhost", port, timeout=300, context=context, source_address=source)


def trusting(root: Path) -> ssl.SSLContext:
    """Accepts certificates of this root."""
    return ssl.create_default_context(cafile=root)


def post(connection: HTTPSConnection, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """The status and the body of the answer to a request with calls."""
    connection.request("POST", "/calls", body, dict(headers))
    answer = connection.getresponse()
    return answer.status, answer.read()


def call(connection: HTTPSConnection, name: str, arguments: Sequence[Any]) -> tuple[int, bytes]:
    """The status and the body of the answer to one call; 422 if the call has an error."""
    status, body = post(connection, json.dumps([[name, arguments]]).encode(), JSON_BODY)
    return 422 if body.startswith(b'[{"error"') else status, body


def run_together(n_clients: int, client: Callable[[int], None]) -> None:
    """Runs this many clients, each in its own thread with its number, until all are done."""
    threads = [threading.Thread(target=client, args=(number,)) for number in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def all_at_once(port: int, root: Path, n_clients: int, seconds: float, model: str, width: int) -> Tally:
    """Runs this many clients for this long; each calls its own mix of cheap and expensive functions."""
    tally, context, end = Tally(), trusting(root), time.monotonic() + seconds

    def client(number: int) -> None:
        connection, turn = connect(port, context), 0
        while turn == 0 or time.monotonic() < end:  # at least one call, even on a busy machine
            name, arguments = _calls(number, turn, model, width)
            started = time.perf_counter()
            status, body = call(connection, name, arguments)
            tally.seconds.append(time.perf_counter() - started)
            if status != 200:
                tally.errors.append(f"{name}: {status} {body[:200]!r}")
            turn += 1
        connection.close()

    run_together(n_clients, client)
    return tally


def _calls(number: int, turn: int, model: str, width: int) -> tuple[str, list[Any]]:
    """The next call of a client. Every prompt is unique, so no cached result can be used."""
    prompt = f"Client {number} asks for the {turn}th time about"
    stream = [[0.25 * (column % 7) + number + turn for column in range(width)] for _ in range(8)]
    calls: list[tuple[str, list[Any]]] = [
        ("GPT2_TOKENIZE", [prompt]),
        ("GPT2_BLOCK", [0, stream, model]),
        ("GPT2_PREDICT", [prompt, 10, 1, model]),
        ("GPT2_GELU", [stream]),
        ("GPT2_LOGITLENS", [prompt, 3, -1, "tokens", model]),
    ]
    return calls[(number + turn) % len(calls)]
