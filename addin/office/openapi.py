"""The calls as an OpenAPI document, made from what the functions say of themselves: for tools, and for tests."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from addin.office.metadata import descriptions
from udfs.function import Description

_ROWS = {"type": "array", "items": {"type": "array", "items": {"$ref": "#/components/schemas/Cell"}}}
_SCHEMAS = {
    "Cell": {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}, {"type": "null"}]},
    "Rows": _ROWS,
    "Refusal": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
}
_REFUSALS = {
    400: "the request was cut short",
    408: "the arguments came too slowly",
    411: "no Content-Length",
    413: "the arguments are too large",
    415: "not application/json",
    422: "a wrong argument: the line that a cell shows",
    503: "too many calls at once",
    504: "the call took too long",
}


def openapi() -> dict[str, Any]:
    """OpenAPI 3.1: one path for each function."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "GPT-2 in Excel", "version": metadata.version("gpt2-excel")},
        "paths": {f"/call/{description.name}": {"post": _operation(description)} for description in descriptions()},
        "components": {"schemas": _SCHEMAS},
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
    return {"application/json": {"schema": schema}}
