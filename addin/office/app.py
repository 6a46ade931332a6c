"""The server as an ASGI application; uvicorn makes one in each of its worker processes."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from addin.office.calls import Calls
from addin.office.errors import as_json
from addin.office.guard import Guard
from addin.office.metadata import FUNCTIONS
from addin.office.routes import Routes
from addin.office.settings import Settings


def create_app(settings: Settings | None = None) -> Starlette:
    """The application for these settings, by default for those that `gpt2-excel serve` left in the environment."""
    settings = settings or Settings.from_environment()
    routes = Routes(settings, Calls(FUNCTIONS, settings.seconds))
    return Starlette(
        routes=routes.all(),
        middleware=[Middleware(Guard, settings=settings, public=routes.public)],
        exception_handlers={HTTPException: as_json},
    )
