"""The server as an ASGI application: the add-in's files, data for Excel and the task pane, and calls of functions.

uvicorn makes one application in each of its worker processes. An application keeps nothing about its users, so any
process can answer any of them.
"""

from __future__ import annotations

from asyncio import Event
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from addin.errors import AddinError
from addin.hub import downloads
from addin.office.calls import Calls, Observe, without_paths
from addin.office.guard import HEALTH, METRICS, READY, Guard, given_token
from addin.office.icons import draw
from addin.office.json_values import JSON, Call, read_calls
from addin.office.limits import CLOSE, MAX_BODY_BYTES, Pages, body_size, disconnected, read_body
from addin.office.manifest import ICON_SIZES, manifest
from addin.office.metadata import catalog, functions_json, openapi
from addin.office.packed import read_packed
from addin.office.page_socket import converse
from addin.office.settings import Settings
from addin.templates import open_template
from udfs.backend import catalogue
from udfs.backend.errors import ModelError
from udfs.cells import ERROR_MARK, FUNCTIONS, CellError
from udfs.cells.log import log_to_file
from workbook_templates import TEMPLATES

PAGES = Path(__file__).parent / "pages"
_JAVASCRIPT, _PNG, _XML = "text/javascript", "image/png", "application/xml"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SMALL = 200_000  # bytes; parsing them takes about as long as handing them to a thread
_MAX_CLIENT = 32  # characters of the number that a page gives itself
_CLIENT_GONE = 499  # nginx's code; the client no longer reads it


def create_app(settings: Settings | None = None) -> Starlette:
    """The application for these settings, by default for those that `gpt2-excel serve` left in the environment."""
    log_to_file()
    settings = settings or Settings.from_environment()
    calls = Calls(FUNCTIONS, settings.seconds, _observe(settings), many_users=settings.behind_proxy)
    routes = Routes(settings, calls)
    return Starlette(
        routes=routes.all(),
        middleware=[Middleware(Guard, settings=settings, public=routes.public)],
        exception_handlers={HTTPException: _as_json},
    )


def _observe(settings: Settings) -> Observe:
    """The function that counts each call for Prometheus; it does nothing without --metrics."""
    if not settings.metrics:
        return lambda function, outcome, seconds: None
    from addin.office.metrics import observe

    return observe


def _rate(settings: Settings) -> Callable[[str, int], None]:
    """The function that refuses the calls of a token that has made too many."""
    if not settings.calls_a_minute:
        return lambda token, n_calls: None
    from addin.office.rate import Rate

    return Rate(settings.calls_a_minute).check


class Routes:
    """The addresses that the server answers."""

    def __init__(self, settings: Settings, calls: Calls) -> None:
        self._settings, self._calls, self._check_rate = settings, calls, _rate(settings)
        self._pages = Pages()
        self._files = {f"/{path.name}": path for path in PAGES.iterdir() if path.is_file()}
        script = (PAGES / "functions.js").read_text(encoding="utf-8")
        given = orjson.dumps([list(calls.functions), ERROR_MARK, MAX_BODY_BYTES]).decode()
        self._public_content: dict[str, tuple[bytes, str]] = {
            "/functions.js": (f"{script}gpt2.associate(...{given});\n".encode(), _JAVASCRIPT),
            "/functions.json": (orjson.dumps(functions_json()), JSON),
            "/catalog.json": (orjson.dumps(catalog()), JSON),
            **{f"/icon-{size}.png": (draw(size), _PNG) for size in ICON_SIZES},
        }

    @property
    def public(self) -> frozenset[str]:
        """The paths whose content is the same for everybody and reveals nothing about this machine."""
        return frozenset({"/", HEALTH, READY, *self._files, *self._public_content})

    def all(self) -> list[BaseRoute]:
        """Every route."""
        constants = self._public_content | {"/openapi.json": (orjson.dumps(openapi()), JSON)}
        return [
            WebSocketRoute("/calls", self.page),  # first, because routes are tried in this order
            Route("/calls", self.answers, methods=["POST"]),
            Route("/", lambda _: RedirectResponse("/taskpane.html")),
            *(Route(path, _constant(*content)) for path, content in constants.items()),
            *(Route(path, _file(file)) for path, file in self._files.items() if path not in constants),
            Route(HEALTH, _constant(b'{"status":"running"}', JSON)),
            Route(READY, self.ready),
            *([Route(METRICS, self.metrics)] if self._settings.metrics else []),
            Route("/manifest.xml", self.manifest),
            Route("/status", self.status),
            Route("/templates/{name}", self.template),
        ]

    async def ready(self, request: Request) -> Response:
        """Whether a load balancer should send calls here: the default model is loaded, and there is room."""
        try:
            await self._calls.alone(catalogue.load, "")
        except ModelError as error:
            raise HTTPException(503, without_paths(str(error))) from None
        if self._calls.is_full:
            raise HTTPException(503, "the server is busy")
        return Response(b'{"status":"ready"}', media_type=JSON)

    async def metrics(self, request: Request) -> Response:
        """Figures for Prometheus."""
        from addin.office.metrics import MEDIA_TYPE, exposition

        return Response(await run_in_threadpool(exposition), media_type=MEDIA_TYPE)

    async def manifest(self, request: Request) -> Response:
        """The manifest for Excel, with the caller's token."""
        token = given_token(request.scope) if self._settings.tokens else ""
        return Response(manifest(self._settings.url, token), media_type=_XML)

    def status(self, request: Request) -> Response:
        """This machine's models and downloads, and the names of the templates."""
        default = catalogue.default_name()
        status = {
            "model": default,
            "note": catalogue.DEMO_NOTE if default == catalogue.DEMO else "",
            "models": [model.name for model in catalogue.installed()],
            "downloads": [asdict(download) for download in downloads()],
            "templates": TEMPLATES,
        }
        return Response(orjson.dumps(status), media_type=JSON)

    async def template(self, request: Request) -> Response:
        """A template workbook for the default model, as `gpt2-excel new` makes it."""
        name = request.path_params["name"]
        if name not in TEMPLATES:
            raise HTTPException(404, f"the template must be {' or '.join(TEMPLATES)}")
        try:
            content = await self._calls.alone(_template, name)
        except (AddinError, ValueError) as error:  # for example, the default model is not on this machine
            raise HTTPException(422, without_paths(str(error))) from None
        headers = {"Content-Disposition": f"attachment; filename={TEMPLATES[name]}"}
        return Response(content, media_type=_XLSX, headers=headers)

    async def page(self, socket: WebSocket) -> None:
        """Answers the requests of a page until it disconnects."""
        caller = Caller.of(socket)

        async def answer(packed: bytes, unwanted: Event) -> bytes | None:
            with self._calls.room(0, len(packed)):
                return await self._answers(read_packed, packed, unwanted.wait, caller)

        try:
            with self._pages.one_more():
                await converse(socket, answer)
        except HTTPException as refusal:
            await socket.send_denial_response(await _as_json(socket, refusal))

    async def answers(self, request: Request) -> Response:
        """For each call of the body, in their order, its rows or one line that says what is wrong with it."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != JSON:
            raise HTTPException(415, f"the calls must be {JSON}", CLOSE)
        with self._calls.room(0, body_size(request)):
            body, gone = await read_body(request), partial(disconnected, request)
            answers = await self._answers(read_calls, body, gone, Caller.of(request))
        return Response(status_code=_CLIENT_GONE) if answers is None else Response(answers, media_type=JSON)

    async def _answers(
        self,
        read: Callable[[bytes], list[Call]],
        body: bytes,
        gone: Callable[[], Coroutine[Any, Any, object]],
        caller: Caller,
    ) -> bytes | None:
        """The answers to the calls of a request, as `Calls.run` gives them. Raises HTTPException to refuse them all."""
        try:
            calls = read(body) if len(body) < _SMALL else await run_in_threadpool(read, body)
        except CellError as error:
            raise HTTPException(422, str(error)) from None
        self._check_rate(caller.token, len(calls))
        with self._calls.room(len(calls), 0):
            return await self._calls.run(calls, gone(), f"{caller.token} {caller.user}")


class Caller(NamedTuple):
    """Who calls: the token, and a user among those who share it.

    The user is the address, as the nearest proxy names it, and the number that the page gave itself, because many
    students may share one address. Both are blank without a proxy and a page.
    """

    token: str
    user: str

    @classmethod
    def of(cls, connection: HTTPConnection) -> Caller:
        """The caller at the other end."""
        address = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        client = connection.query_params.get("client", "")[:_MAX_CLIENT]
        return cls(given_token(connection.scope), f"{address} {client}")


def _template(name: str) -> bytes:
    workbook, usual_name = open_template(name, "office")
    workbook.recalculate()
    with TemporaryDirectory() as folder:
        path = Path(folder) / usual_name
        workbook.save(path)
        return path.read_bytes()


async def _as_json(connection: HTTPConnection, error: Exception) -> JSONResponse:
    """Every refusal as `{"error": line}`."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _constant(content: bytes, media_type: str) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return Response(content, media_type=media_type)

    return answer


def _file(path: Path) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return FileResponse(path)

    return answer
