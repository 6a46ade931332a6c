"""Describes the functions as JSON: Excel's metadata, the task pane's list, and an OpenAPI document for tools."""

from __future__ import annotations

from typing import Any

from addin.office.json_values import JSON
from addin.office.settings import MAX_BATCH
from udfs.cells import FUNCTIONS, Argument, CellFunction
from udfs.version import VERSION

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
    415: f"not {JSON}",
    422: "the calls are malformed, or too many",
    503: "too many calls at once",
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
    """The calls in OpenAPI 3.1: one path, to which a request brings a list of calls."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "GPT-2 in Excel", "version": VERSION},
        "paths": {"/calls": {"post": _operation()}},
        "components": {"schemas": _SCHEMAS | {name: _call(function) for name, function in FUNCTIONS.items()}},
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


def _call(function: CellFunction) -> dict[str, Any]:
    """A call of a function: its name and a list of its arguments."""
    arguments = {
        "type": "array",
        "description": "; ".join(f"{argument.name}: {argument.help}" for argument in function.arguments),
        "items": {"anyOf": [_ref("Cell"), _ref("Rows")]},
        "maxItems": len(function.arguments),
    }
    parts = [{"const": function.name}, arguments]
    return {"type": "array", "description": function.help, "prefixItems": parts, "minItems": 2, "maxItems": 2}


def _operation() -> dict[str, Any]:
    calls = {"type": "array", "maxItems": MAX_BATCH, "items": {"anyOf": [_ref(name) for name in FUNCTIONS]}}
    answers = {"type": "array", "items": {"anyOf": [_ref("Rows"), _ref("Refusal")]}}
    return {
        "operationId": "calls",
        "summary": "Answers calls of functions, in their order.",
        "requestBody": {"required": True, "content": _as_json(calls)},
        "responses": {
            "200": {"description": "for each call its rows, or the line of its error", "content": _as_json(answers)},
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
