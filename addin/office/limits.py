"""Bounds on what one client can take: the bytes and the time of a body.

An answer that is not taken is uvicorn's to end, when the connection has been idle for long enough.
"""

from __future__ import annotations

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MAX_BODY_BYTES = 10_000_000  # Excel hands over 5 MB at most; as JSON numbers may take twice as much
BODY_SECONDS = 20.0
_CLOSE = {"Connection": "close"}  # what was not read is not waited for


def body_size(request: Request) -> int:
    """The size that the request states. HTTPException 411 where it states none, 413 where it is too large."""
    stated = request.headers.get("content-length")
    if stated is None:  # the HTTP parser has seen to it that it is a number, and true
        raise HTTPException(411, "the request must state its Content-Length", _CLOSE)
    if int(stated) > MAX_BODY_BYTES:
        raise HTTPException(413, f"the arguments are larger than {MAX_BODY_BYTES / 1e6:.0f} MB: pass less", _CLOSE)
    return int(stated)


async def read_body(request: Request) -> bytes:
    """The body. HTTPException 408 where it comes too slowly."""
    try:
        with anyio.fail_after(BODY_SECONDS):
            return await request.body()
    except TimeoutError:
        raise HTTPException(408, "the arguments came too slowly", _CLOSE) from None
    except ClientDisconnect:
        raise HTTPException(400, "the request was cut short", _CLOSE) from None


async def gone(request: Request) -> None:
    """Returns when the client has closed the connection. The body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
