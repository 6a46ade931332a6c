"""Describes the functions as JSON: Excel's metadata, the task pane's list, and an OpenAPI document for tools."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from addin import NAME
from addin.office.json_values import JSON
from udfs.cells import FUNCTIONS, Argument, CellFunction

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
    422: "an error: the line that a cell shows",
    503: "too many calls at once",
    504: "the call took too long",
}


def functions_json() -> dict[str, Any]:
    """The metadata of Office.js custom functions. Every argument and every result is a range of any values."""
    return {
        "allowErrorForDataTypeAny": True,  # pass error cells on, so that the answer can name them
        "functions": [_function(function) for function in FUNCTIONS.values()],
    }


def catalog() -> list[dict[str, Any]]:
    """Every function for the task pane."""
    return [
        {
            "name": function.name,
            "help": function.help,
            "arguments": [
                {"name": argument.name, "help": argument.help, "optional": argument.optional}
                for argument in function.arguments
            ],
            "example": function.example,
        }
        for function in FUNCTIONS.values()
    ]


def openapi() -> dict[str, Any]:
    """The calls in OpenAPI 3.1: one path for each function."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "GPT-2 in Excel", "version": metadata.version(NAME)},
        "paths": {f"/call/{name}": {"post": _operation(function)} for name, function in FUNCTIONS.items()},
        "components": {"schemas": _SCHEMAS},
    }


def _function(function: CellFunction) -> dict[str, Any]:
    return {
        "id": function.name,
        "name": function.name,
        "description": function.help,
        "options": {"cancelable": True},
        "result": {"type": "any", "dimensionality": "matrix"},
        "parameters": [_parameter(argument) for argument in function.arguments],
    }


def _parameter(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "description": argument.help,
        "type": "any",
        "dimensionality": "matrix",
        "optional": argument.optional,
    }


def _operation(function: CellFunction) -> dict[str, Any]:
    arguments = {
        "type": "array",
        "description": "; ".join(f"{argument.name}: {argument.help}" for argument in function.arguments),
        "items": {"anyOf": [_ref("Cell"), _ref("Rows")]},
        "maxItems": len(function.arguments),
    }
    return {
        "operationId": function.name,
        "summary": function.help,
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
