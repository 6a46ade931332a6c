"""Describes the functions as JSON: Excel's metadata, the task pane's list, and an OpenAPI document for tools."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

import udfs
from addin import NAME
from addin.office.json_values import JSON
from udfs.function import Argument, Description, describe

FUNCTIONS: dict[str, Callable[..., Any]] = {name.upper(): getattr(udfs, name) for name in udfs.__all__}

_ROWS = {"type": "array", "items": {"type": "array", "items": {"$ref": "#/components/schemas/Cell"}}}
_SCHEMAS = {
    "Cell": {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}, {"type": "null"}]},
    "Rows": _ROWS,
    "Refusal": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
}
_REFUSALS = {
    400: "the request was cut short",
    408: "the arguments arrived too slowly",
    411: "no Content-Length",
    413: "the arguments are too large",
    415: "not application/json",
    422: "a wrong argument: the line that a cell shows",
    503: "too many calls at once",
    504: "the call took too long",
}


def descriptions() -> list[Description]:
    """Every function's name, arguments, help and example."""
    return [describe(function) for function in FUNCTIONS.values()]


def functions_json() -> dict[str, Any]:
    """The metadata of Office.js custom functions. Every argument and every result is a range of any values."""
    return {
        "allowErrorForDataTypeAny": True,  # pass error cells on, so that the answer can name them
        "functions": [_function(description) for description in descriptions()],
    }


def catalog() -> list[dict[str, Any]]:
    """Every function for the task pane."""
    return [
        {
            "name": description.name,
            "help": description.help,
            "arguments": [
                {"name": argument.name, "help": argument.help, "optional": argument.optional}
                for argument in description.arguments
            ],
            "example": description.example,
        }
        for description in descriptions()
    ]


def openapi() -> dict[str, Any]:
    """The calls in OpenAPI 3.1: one path for each function."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "GPT-2 in Excel", "version": metadata.version(NAME)},
        "paths": {f"/call/{description.name}": {"post": _operation(description)} for description in descriptions()},
        "components": {"schemas": _SCHEMAS},
    }


def _function(description: Description) -> dict[str, Any]:
    return {
        "id": description.name,
        "name": description.name,
        "description": description.help,
        "options": {"cancelable": True},
        "result": {"type": "any", "dimensionality": "matrix"},
        "parameters": [_parameter(argument) for argument in description.arguments],
    }


def _parameter(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "description": argument.help,
        "type": "any",
        "dimensionality": "matrix",
        "optional": argument.optional,
    }


def _operation(description: Description) -> dict[str, Any]:
    arguments = {
        "type": "array",
        "description": "; ".join(f"{argument.name}: {argument.help}" for argument in description.arguments),
        "items": {"anyOf": [_ref("Cell"), _ref("Rows")]},
        "maxItems": len(description.arguments),
    }
    return {
        "operationId": description.name,
        "summary": description.help,
        "requestBody": {"required": True, "content": _as_json(arguments)},
        "responses": {
            "200": {"description": "the rows that spill", "content": _as_json(_ref("Rows"))},
            **{
                str(status): {"description": reason, "content": _as_json(_ref("Refusal"))}
                for status, reason in _REFUSALS.items()
            },
        },
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _as_json(schema: dict[str, Any]) -> dict[str, Any]:
    return {JSON: {"schema": schema}}
