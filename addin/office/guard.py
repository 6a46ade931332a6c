"""Refuses requests that come neither from our own page nor from Office, or that lack the token.

A foreign web page can make a browser send requests to this machine. The Host header is checked against DNS rebinding,
by which a foreign name resolves to this machine.

Starlette's own middleware (read in version 1.10) does less. `TrustedHostMiddleware` ignores the port of the Host
header. `CORSMiddleware` only omits headers for a foreign origin and still runs its request, and it has one policy for
all paths, but Office may read only the public ones.
"""

from __future__ import annotations

import re
import secrets

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from addin.office.limits import CLOSE
from addin.office.settings import Settings

HEALTH, READY, METRICS = "/health", "/ready", "/metrics"
PROBES = (HEALTH, READY, METRICS)

# The last one is the cloud of the United States government.
_OFFICE_DOMAINS = (
    *("officeapps.live.com", "office.com", "office365.com", "microsoft365.com", "cloud.microsoft"),
    "office365.us",
)
_SHAREPOINT_DOMAINS = ("sharepoint.com", "sharepoint.us")
_OFFICE_ORIGIN = re.compile(rf"https://(?:[a-z0-9-]+\.)+(?:{'|'.join(map(re.escape, _OFFICE_DOMAINS))})")
_SHAREPOINT_ORIGIN = re.compile(rf"https://[a-z0-9-]+\.(?:{'|'.join(map(re.escape, _SHAREPOINT_DOMAINS))})")
_OFFICE_SCRIPTS = "https://appsforoffice.microsoft.com"
_FRAMED_BY = " ".join(
    [*(f"https://*.{domain}" for domain in (*_OFFICE_DOMAINS, *_SHAREPOINT_DOMAINS)), "https://onedrive.live.com"]
)


def is_office(origin: str) -> bool:
    """Whether an origin belongs to Excel on the web."""
    return bool(_OFFICE_ORIGIN.fullmatch(origin) or _SHAREPOINT_ORIGIN.fullmatch(origin))


def given_token(scope: Scope) -> str:
    """The token that the caller sent, in a header or in the address; blank if there is none."""
    in_header = Headers(scope=scope).get("authorization", "").removeprefix("Bearer ")
    return in_header or QueryParams(scope["query_string"]).get("token", "")


def _method(scope: Scope) -> str:
    """The method of a request; a WebSocket begins with GET."""
    method: str = scope.get("method", "GET")
    return method


def _security_headers(settings: Settings) -> dict[str, str]:
    # Safari before 15.4 does not count WebSockets as 'self'. No source may be an IPv6 address.
    sockets = " ".join(f"wss://{host}" for host in sorted(settings.hosts) if "[" not in host)
    policy = (
        "default-src 'none'",
        f"script-src 'self' {_OFFICE_SCRIPTS}",
        "style-src 'self'",
        "img-src 'self'",
        f"connect-src 'self' {_OFFICE_SCRIPTS} {sockets}",
        "base-uri 'none'",
        "form-action 'none'",
        f"frame-ancestors 'self' {_FRAMED_BY}",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",  # the address may hold the token
        "Cache-Control": "no-cache",
    }


class Guard:
    """ASGI middleware. `public` holds the paths of files that are the same for everybody. Office may read them, and
    they need no token, because a page cannot send one when it loads its scripts.

    A load balancer and Prometheus read `PROBES` under the address of a container, so those have no check of the Host.
    """

    def __init__(self, app: ASGIApp, settings: Settings, public: frozenset[str]) -> None:
        self._app, self._settings, self._public = app, settings, public
        self._headers = _security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        headers, is_public = Headers(scope=scope), scope["path"] in self._public

        async def send_with_headers(message: Message) -> None:
            if message["type"].endswith("http.response.start"):  # also the refusal of a WebSocket
                MutableHeaders(scope=message).update(self._headers | self._sharing(headers, is_public))
            await send(message)

        answer = self._answer(scope, headers, is_public)
        await (answer or self._app)(scope, receive, send_with_headers)

    def _answer(self, scope: Scope, headers: Headers, is_public: bool) -> Response | None:
        """A refusal, or the reply to a browser's preflight request; None if the application should answer."""
        if refusal := self._refusal(scope, headers, is_public):
            status, reason = refusal
            return JSONResponse({"error": reason}, status, CLOSE)
        return Response(status_code=204) if _method(scope) == "OPTIONS" else None

    def _refusal(self, scope: Scope, headers: Headers, is_public: bool) -> tuple[int, str] | None:
        origin = headers.get("origin")
        if scope["path"] not in PROBES and headers.get("host", "").lower() not in self._settings.hosts:
            return 421, "this server does not answer to that Host"
        if origin is not None and not self._may_ask(origin, _method(scope), is_public):
            return 403, "this server answers only its own page and Office"
        if origin is None and not is_public and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return 403, "this server answers only its own page and Office"
        if not is_public and not self._knows_token(scope):
            return 401, "the token is missing or wrong: use the manifest that gpt2-excel serve names"
        return None

    def _may_ask(self, origin: str, method: str, is_public: bool) -> bool:
        if origin in self._settings.origins:
            return method != "OPTIONS"
        return is_office(origin) and is_public and method in ("GET", "HEAD", "OPTIONS")

    def _knows_token(self, scope: Scope) -> bool:
        given, tokens = given_token(scope).encode(), self._settings.tokens
        return not tokens or any(secrets.compare_digest(given, token.encode()) for token in tokens)

    def _sharing(self, headers: Headers, is_public: bool) -> dict[str, str]:
        """The headers that let Office's pages read a public file in a browser."""
        origin = headers.get("origin", "")
        sharing = {"Cross-Origin-Resource-Policy": "cross-origin" if is_public else "same-origin", "Vary": "Origin"}
        if is_public and is_office(origin):
            sharing |= {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Methods": "GET"}
            if "access-control-request-private-network" in headers:  # asked by a page outside this machine
                sharing["Access-Control-Allow-Private-Network"] = "true"
        return sharing
