"""The page's side of its WebSocket, in Python."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from ssl import SSLContext
from typing import Any
from urllib.parse import urlencode

from websockets.sync.client import connect


class PageClient:
    """A connection as a page opens it. `address` is that of the server, such as `https://localhost:8431`.

    Raises websockets.exceptions.InvalidStatus if the server refuses it.
    """

    def __init__(
        self, address: str, trusting: SSLContext | None, *, token: str = "", client: str = "", **options: Any
    ) -> None:
        query = urlencode({"client": client} | ({"token": token} if token else {}))
        uri = f"{address.replace('http', 'ws', 1)}/calls?{query}"
        options = {
            "origin": address,
            "proxy": None,
            "compression": None,
            "max_size": None,
            "open_timeout": 60,
        } | options
        self._connecting = connect(uri, ssl=trusting, **options)
        self.socket = self._connecting.__enter__()
        self._last = 0

    def send(self, calls: bytes) -> int:
        """Sends packed calls. Returns the number of the request."""
        self._last += 1
        self.socket.send(struct.pack("<d", self._last) + calls)
        return self._last

    def cancel(self, number: int) -> None:
        """Tells the server that the answer is no longer wanted."""
        self.socket.send(str(number))

    def receive(self) -> tuple[int, Any]:
        """The next answer: the number of its request, and the answers to the calls or what refuses them."""
        number, answers = json.loads(self.socket.recv(60))
        return number, answers

    def ask(self, calls: bytes) -> bytes:
        """The answers to packed calls as JSON, if no other request is under way."""
        number = self.send(calls)
        message = bytes(self.socket.recv(300, decode=False))
        prefix = b"[%d," % number
        assert message.startswith(prefix), message[:100]
        return message[len(prefix) : -1]

    def close(self) -> None:
        self._connecting.__exit__(None, None, None)


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
