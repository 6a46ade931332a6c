"""Clients that call a server at the same time, like the workbooks of many users, each on its own connection."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.addin.office.page_client import PageClient, as_the_page_packs


class CallError(Exception):
    """A call has an error, or the server refused it."""


@dataclass
class Tally:
    """The results of all clients: the seconds of each request, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def within(self, share: float) -> float:
        """The milliseconds within which this share of the requests was answered."""
        return 1e3 * sorted(self.seconds)[min(int(len(self.seconds) * share), len(self.seconds) - 1)]


def connect(port: int, context: ssl.SSLContext, number: int = 0, token: str = "") -> PageClient:
    """A page on this machine. With a number, it has a loopback address of its own (Linux)."""
    source = (f"127.1.{number // 250}.{1 + number % 250}", 0) if number else None
    return PageClient(f"https://localhost:{port}", context, token=token, client=str(number), source=source)


def trusting(root: Path) -> ssl.SSLContext:
    """Accepts certificates of this root."""
    return ssl.create_default_context(cafile=root)


def call(page: PageClient, name: str, arguments: Sequence[Any]) -> bytes:
    """The rows that one call gives, as JSON. Raises CallError if it has an error."""
    answers = page.ask(as_the_page_packs([(name, arguments)]))
    if b'{"error"' in answers[:10]:
        raise CallError(f"{name}: {answers[:200]!r}")
    return answers[1:-1]


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
        page, turn = connect(port, context), 0
        while turn == 0 or time.monotonic() < end:  # at least one call, even on a busy machine
            name, arguments = _calls(number, turn, model, width)
            started = time.perf_counter()
            try:
                call(page, name, arguments)
            except CallError as error:
                tally.errors.append(str(error))
            tally.seconds.append(time.perf_counter() - started)
            turn += 1
        page.close()

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
