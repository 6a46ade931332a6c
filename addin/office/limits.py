"""Bounds on what clients can take: the time for a request's headers, the size and time of its body, and open pages.

A client that sends headers slowly (slowloris) holds a connection, and a thousand such clients hold all that the server
accepts. This matters for a server with many users, which anybody on the network can reach without the token. uvicorn
has no setting for it: `timeout_keep_alive` runs only between a response and the next byte (read in version 0.54).
Middleware cannot help, because it runs when the headers are complete. So `TimedProtocol` extends the two methods of
asyncio's protocol that matter here, and asks h11 whether the headers are complete.

uvicorn itself closes a connection whose client does not read the answer.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import h11
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10.0
MAX_BODY_BYTES = 10_000_000  # Excel passes at most 5 MB; numbers in JSON may take twice as much
BODY_SECONDS = 20.0
MAX_CONNECTIONS = 1_000
CLOSE = {"Connection": "close"}  # the server does not wait for the rest of the body


class TimedProtocol(H11Protocol):
    """Closes a connection if the headers of a request, or the first request, do not arrive in time.

    It also sends every piece of an answer at once. uvicorn writes headers and body separately, and Linux would hold the
    body back until the client has confirmed the headers, 40 ms later. asyncio turns this off only for sockets made with
    an explicit protocol number, which uvicorn's are not when it has several workers.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timer = self.loop.call_later(HEADER_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:  # the headers are not complete
            self._timer = self._timer or self.loop.call_later(HEADER_SECONDS, self.transport.close)
        elif self._timer:
            self._timer.cancel()
            self._timer = None


class Pages:
    """Counts the open WebSockets of a process, which uvicorn's own limit of connections does not (read in 0.54)."""

    def __init__(self) -> None:
        self._n_open = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Counts a page while it is open. Raises HTTPException 503 if there are as many as the server accepts."""
        if self._n_open >= MAX_CONNECTIONS:
            raise HTTPException(503, "the server is busy: try again")
        self._n_open += 1
        try:
            yield
        finally:
            self._n_open -= 1


def body_size(request: Request) -> int:
    """The size that the request states. Raises HTTPException 411 if it states none, 413 if it is too large."""
    stated = request.headers.get("content-length")
    if stated is None:  # the HTTP parser has checked that it is a number, and true
        raise HTTPException(411, "the request must state its Content-Length", CLOSE)
    if int(stated) > MAX_BODY_BYTES:
        raise HTTPException(413, f"the arguments are larger than {MAX_BODY_BYTES / 1e6:.0f} MB: pass less", CLOSE)
    return int(stated)


async def read_body(request: Request) -> bytes:
    """The body. Raises HTTPException 408 if it arrives too slowly."""
    try:
        with anyio.fail_after(BODY_SECONDS):
            return await request.body()
    except TimeoutError:
        raise HTTPException(408, "the arguments arrived too slowly", CLOSE) from None
    except ClientDisconnect:
        raise HTTPException(400, "the request was cut short", CLOSE) from None


async def disconnected(request: Request) -> None:
    """Returns when the client closes the connection. Call it after the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
