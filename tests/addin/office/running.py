"""A real server in a thread of this process, and requests to it with arbitrary content."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

from addin.office import certificate
from addin.office.app import create_app
from addin.office.server import options
from addin.office.settings import Settings
from udfs.cells import ERROR_MARK

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def only(self) -> Any:
        """The answer to the only call of the request."""
        (answer,) = self.json
        return answer

    @property
    def error(self) -> str:
        """The text of a refusal, or of the only call's error, which must be one line."""
        line: str = (self.json if isinstance(self.json, dict) else self.only)["error"]
        assert "\n" not in line
        return line


@dataclass(frozen=True)
class Running:
    """A server that is up."""

    settings: Settings
    files: certificate.Certificate

    def connect(self, timeout: float = 120) -> HTTPSConnection:
        """A connection whose certificate is checked against the root that a user is asked to trust."""
        context = ssl.create_default_context(cafile=self.files.root)
        return HTTPSConnection("localhost", self.settings.port, timeout=timeout, context=context)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own."""
        connection = self.connect()
        try:
            return _answer(connection, method, path, body, headers)
        finally:
            connection.close()

    def call(self, name: str, arguments: Sequence[Any] | bytes, **headers: str) -> Answer:
        """A request with one call of a function, as the page sends it."""
        text = arguments if isinstance(arguments, bytes) else json.dumps(arguments).encode()
        body = b'[["%b",%b]]' % (name.encode(), text)
        given = {"Content-Type": JSON, "Origin": self.settings.url}
        return self.ask("POST", "/calls", body, given | {k.replace("_", "-"): v for k, v in headers.items()})

    def rows(self, name: str, arguments: Sequence[Any]) -> list[list[Any]]:
        """The cells' values: the rows, or the line with the error."""
        answer = self.call(name, [cells(argument) for argument in arguments])
        return answer.only if isinstance(answer.only, list) else [[ERROR_MARK + answer.error]]


@dataclass(frozen=True)
class Kept(Running):
    """A server asked over one connection: a new one takes four times as long as a small request."""

    @cached_property
    def connection(self) -> HTTPSConnection:
        return self.connect()

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request. Connects again if the server has closed the connection meanwhile, because nothing was asked."""
        try:
            return _answer(self.connection, method, path, body, headers)
        except OSError:
            self.connection.close()
            return _answer(self.connection, method, path, body, headers)


def _answer(
    connection: HTTPSConnection, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None
) -> Answer:
    connection.request(method, path, body, dict(headers or {}))
    response = connection.getresponse()
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def cells(argument: Any) -> Any:
    """An argument as Excel passes it to the page: rows of cells, or None if it is omitted."""
    if isinstance(argument, np.ndarray):
        argument = argument.tolist()
    if argument is None or (isinstance(argument, (list, tuple)) and all(isinstance(row, list) for row in argument)):
        return argument
    if isinstance(argument, tuple):
        return [list(row) if isinstance(row, tuple) else [row] for row in argument]
    return [[argument]]


def free_port() -> int:
    """A port that is free now. Another process may take it before a server does."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def running(folder: Path, **given: Any) -> Iterator[Running]:
    """A server as `gpt2-excel serve` runs it, with the given settings, its certificate in that folder."""
    listening = socket.socket()  # from now on, no other process can take its port
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # an earlier server may have had it
    listening.bind(("127.0.0.1", given.get("port", 0)))
    port = listening.getsockname()[1]
    settings = Settings(**{"url": f"https://localhost:{port}", "port": port, "seconds": 60} | given)
    files, _ = certificate.ensure(folder)
    https = None if settings.behind_proxy else (files.chain, files.key)
    config = uvicorn.Config(create_app(settings), **options(settings, "127.0.0.1", https))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server has ended"
            time.sleep(0.01)
        yield Running(settings, files)
    finally:
        server.should_exit = True
        thread.join(60)
