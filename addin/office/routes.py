"""What the server answers: the files of the page, what Excel and the page ask for, and calls of functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from click import ClickException
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from addin.office.calls import Calls
from addin.office.errors import without_paths
from addin.office.limits import body_size, gone, read_body
from addin.office.manifest import manifest
from addin.office.metadata import catalog, functions_json
from addin.office.openapi import openapi
from addin.office.progress import downloads
from addin.office.settings import Settings
from addin.office.templates import MEDIA_TYPE, template_file
from udfs.backend import catalogue
from udfs.cells import ERROR_MARK
from workbook_templates import TEMPLATES

PAGES = Path(__file__).parent / "pages"
_CLIENT_GONE = 499  # nginx's number for it; nobody reads it


class Routes:
    """The server's answers. Nothing in it belongs to one user: any process can answer anybody."""

    def __init__(self, settings: Settings, calls: Calls) -> None:
        self._settings, self._calls = settings, calls
        self._files = {f"/{path.name}": path for path in PAGES.iterdir() if path.is_file()}
        script = (PAGES / "functions.js").read_text(encoding="utf-8")
        names, mark = orjson.dumps(list(calls.functions)).decode(), orjson.dumps(ERROR_MARK).decode()
        self._said_once: dict[str, tuple[bytes, str]] = {
            "/functions.js": (f"{script}gpt2.associate({names}, {mark});\n".encode(), "text/javascript"),
            "/functions.json": (orjson.dumps(functions_json()), "application/json"),
            "/catalog.json": (orjson.dumps(catalog()), "application/json"),
        }

    @property
    def public(self) -> frozenset[str]:
        """The paths of what is the same for everybody and says nothing of this machine."""
        return frozenset({"/", *self._files, *self._said_once})

    def all(self) -> list[BaseRoute]:
        """Every route."""
        fixed = self._said_once | {"/openapi.json": (orjson.dumps(openapi()), "application/json")}
        return [
            Route("/", lambda _: RedirectResponse("/taskpane.html")),
            *(Route(path, _constant(*content)) for path, content in fixed.items()),
            *(Route(path, _file(file)) for path, file in self._files.items() if path not in fixed),
            Route("/manifest.xml", self.manifest),
            Route("/status", self.status),
            Route("/templates/{name}", self.template),
            Route("/call/{name}", self.call, methods=["POST"]),
        ]

    async def manifest(self, request: Request) -> Response:
        return Response(manifest(self._settings.url, self._settings.token), media_type="application/xml")

    def status(self, request: Request) -> Response:
        """The models and downloads of this machine, and the templates that there are."""
        default = catalogue.default_name()
        said = {
            "model": default,
            "note": catalogue.DEMO_NOTE if default == catalogue.DEMO else "",
            "models": [model.name for model in catalogue.installed()],
            "downloads": [asdict(download) for download in downloads()],
            "templates": TEMPLATES,
        }
        return _json(said)

    async def template(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in TEMPLATES:
            raise HTTPException(404, f"the template must be {' or '.join(TEMPLATES)}")
        try:
            content, usual_name = await self._calls.alone(template_file, name)
        except (ClickException, ValueError) as error:  # such as a default model that is not here
            raise HTTPException(422, without_paths(str(error))) from None
        headers = {"Content-Disposition": f"attachment; filename={usual_name}"}
        return Response(content, media_type=MEDIA_TYPE, headers=headers)

    async def call(self, request: Request) -> Response:
        """The function's rows for the cells of its arguments, or the line that says what was wrong."""
        name = request.path_params["name"]
        if name not in self._calls.functions:
            raise HTTPException(404, "there is no such function: reload the add-in", {"Connection": "close"})
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "the call must be application/json", {"Connection": "close"})
        with self._calls.room(body_size(request)):
            body = await read_body(request)
            result = await self._calls.run(name, body, gone(request))
        return Response(status_code=_CLIENT_GONE) if result is None else Response(result, media_type="application/json")


def _constant(content: bytes, media_type: str) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return Response(content, media_type=media_type)

    return answer


def _file(path: Path) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return FileResponse(path)

    return answer


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
