"""The WebSocket of a page: its requests come as messages, and each is answered by a message, in any order.

A request has a number, by which the page recognizes the answer. The page sends bytes: the number as a float64,
little-endian, and then the calls, as `packed` reads them. It sends the number alone, as text, when it no longer wants
the answer. An answer is JSON: `[number, answers]`, with an answer for each call. If the request is refused as a whole,
it is `[number, {"error": line, "again": true}]`, in which `again` tells whether the request may succeed later.

An HTTP request takes a browser about 2 ms longer than a message, and a change of the prompt causes more than fifty
requests, one after the other.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, TypeAlias

import anyio
import orjson
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket, WebSocketDisconnect

Answer: TypeAlias = Callable[[bytes, asyncio.Event], Awaitable[bytes | None]]

_NUMBER = struct.Struct("<d")
_MALFORMED = 1007  # the WebSocket standard's code for closing a connection for this reason
_AGAIN = (429, 503)  # refusals that end by themselves


async def converse(socket: WebSocket, answer: Answer) -> None:
    """Answers the requests of a page until it disconnects.

    answer: gives the answers to packed calls, or None after the event that they are no longer wanted; raises
        HTTPException to refuse them
    """
    await socket.accept()
    unwanted: dict[int, asyncio.Event] = {}  # by the number of a request that runs

    async def run(number: int, calls: bytes) -> None:
        try:
            answers = await answer(calls, unwanted[number])
        except HTTPException as refusal:
            answers = orjson.dumps({"error": refusal.detail, "again": refusal.status_code in _AGAIN})
        finally:
            del unwanted[number]
        if answers is not None:
            with suppress(WebSocketDisconnect):  # the loop below ends, too
                await socket.send_bytes(b"[%d,%b]" % (number, answers))

    async with anyio.create_task_group() as requests:
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            number, calls = _read(message)
            if number is None or (calls and number in unwanted):
                await socket.close(_MALFORMED)
            elif calls:
                unwanted[number] = asyncio.Event()
                requests.start_soon(run, number, calls)
            elif number in unwanted:
                unwanted[number].set()
        for event in unwanted.values():
            event.set()


def _read(message: MutableMapping[str, Any]) -> tuple[int | None, bytes]:
    """The number of a request, and its calls: none if it is no longer wanted. The number is None if it is malformed."""
    body = message.get("bytes")
    if body is None:
        text: str = message["text"]
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None, b""
    number = _NUMBER.unpack_from(body)[0] if len(body) > _NUMBER.size else -1.0
    return int(number) if 0 <= number < 1e15 and number.is_integer() else None, body[_NUMBER.size :]
