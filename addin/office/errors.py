"""Errors as a cell shows them: one line, and nothing about where things lie on this machine."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import constants
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

import udfs
from udfs.backend.folders import models_folder


def without_paths(message: str) -> str:
    """The message on one line, without the folders of this machine."""
    folders = [models_folder(), Path(constants.HF_HUB_CACHE), Path(udfs.__file__).parents[1], Path.home()]
    line = " ".join(message.split())
    for folder in sorted(map(str, folders), key=len, reverse=True):
        for spelling in {folder, repr(folder)[1:-1]}:
            if len(spelling) > 1:  # a home of "/" is no name
                line = line.replace(spelling, "...")
    return line


async def as_json(request: Request, error: Exception) -> JSONResponse:
    """Every refusal as `{"error": line}`."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
