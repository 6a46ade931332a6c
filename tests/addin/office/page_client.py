"""The page's side of its WebSocket, in Python."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from ssl import SSLContext
from typing import Any
from urllib.parse import urlencode

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Origin
from websockets.uri import parse_uri

_TIMEOUT = 300.0  # seconds; longer than a busy machine takes for anything


class PageClient:
    """A connection as a page opens it. `address` is that of the server, such as `https://localhost:8431`.

    It has no thread of its own: before Python 3.13, two threads must not use one TLS connection. `reached` is where the
    connection goes, if not to the address, and `source` where it comes from.

    Raises websockets.exceptions.InvalidStatus if the server refuses it.
    """

    def __init__(
        self,
        address: str,
        trusting: SSLContext,
        *,
        token: str = "",
        client: str = "",
        origin: str | None = "",
        reached: tuple[str, int] | None = None,
        source: tuple[str, int] | None = None,
    ) -> None:
        query = urlencode({"client": client} | ({"token": token} if token else {}))
        uri = parse_uri(f"{address.replace('https', 'wss', 1)}/calls?{query}")
        plain = socket.create_connection(reached or (uri.host, uri.port), _TIMEOUT, source)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as browsers do
        self._socket = trusting.wrap_socket(plain, server_hostname=uri.host)
        from_page = Origin(address if origin == "" else origin) if origin is not None else None
        self._protocol = ClientProtocol(uri, origin=from_page, max_size=None)
        self._arrived: list[Any] = []
        self._last = 0
        self._protocol.send_request(self._protocol.connect())
        answer = self._next()
        assert isinstance(answer, Response)
        if self._protocol.handshake_exc:
            self.close()
            raise self._protocol.handshake_exc

    def send(self, calls: bytes) -> int:
        """Sends packed calls. Returns the number of the request."""
        self._last += 1
        self.send_message(struct.pack("<d", self._last) + calls)
        return self._last

    def cancel(self, number: int) -> None:
        """Tells the server that the answer is no longer wanted."""
        self.send_message(str(number))

    def receive(self) -> tuple[int, Any]:
        """The next answer: the number of its request, and the answers to the calls or what refuses them.

        Raises websockets.exceptions.ConnectionClosed if there is none.
        """
        number, answers = json.loads(self._message())
        return number, answers

    def ask(self, calls: bytes) -> bytes:
        """The answers to packed calls as JSON, if no other request is under way."""
        prefix = b"[%d," % self.send(calls)
        message = self._message()
        assert message.startswith(prefix), message[:100]
        return message[len(prefix) : -1]

    def send_message(self, message: bytes | str) -> None:
        """Sends any message."""
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        self._flush()

    def close(self) -> None:
        self._socket.close()

    def _message(self) -> bytes:
        frame = self._next()
        while not (isinstance(frame, Frame) and frame.opcode is Opcode.BINARY):  # for example, a ping
            frame = self._next()
        assert frame.fin
        return bytes(frame.data)

    def _next(self) -> Any:
        """The next event of the connection."""
        self._flush()
        while not self._arrived:
            data = self._socket.recv(2**20)
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            self._arrived = self._protocol.events_received()
            if not data and not self._arrived:
                raise self._protocol.close_exc
            self._flush()
        return self._arrived.pop(0)

    def _flush(self) -> None:
        if data := b"".join(self._protocol.data_to_send()):
            self._socket.sendall(data)


def packed(calls: Sequence[Any], *numbers: float, count: float | None = None) -> bytes:
    """These calls and numbers. `count`: how many numbers there are said to be."""
    stated = len(numbers) if count is None else count
    return struct.pack(f"<{1 + len(numbers)}d", stated, *numbers) + json.dumps(calls).encode()


def as_the_page_packs(calls: Sequence[tuple[str, Sequence[Any]]]) -> bytes:
    """Calls with their arguments as Excel passes them."""
    numbers: list[float] = []

    def argument(value: Any) -> Any:
        cells = [cell for row in value for cell in row] if isinstance(value, list) else []
        is_range = bool(cells) and len(cells) == len(value) * len(value[0]) and {*map(type, cells)} <= {int, float}
        if not is_range:
            return value
        numbers.extend(cells)
        return {"numbers": [len(value), len(value[0])]}

    written = [[name, [*map(argument, arguments)]] for name, arguments in calls]
    return packed(written, *numbers)
