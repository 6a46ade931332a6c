"""The functions as Excel is told of them, and as the task pane lists them: both read from the functions themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import udfs
from udfs.function import Argument, Description, describe

FUNCTIONS: dict[str, Callable[..., Any]] = {name.upper(): getattr(udfs, name) for name in udfs.__all__}


def descriptions() -> list[Description]:
    """What every function says of itself."""
    return [describe(function) for function in FUNCTIONS.values()]


def functions_json() -> dict[str, Any]:
    """The metadata of Office.js custom functions: every argument and every result a range of anything."""
    return {
        "allowErrorForDataTypeAny": True,  # an error cell reaches us, so that the answer can say where it stands
        "functions": [_function(description) for description in descriptions()],
    }


def catalog() -> list[dict[str, Any]]:
    """Name, help, arguments and an example of every function."""
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
