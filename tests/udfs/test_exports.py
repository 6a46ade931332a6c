"""The one list of public functions, and what each says of itself."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import udfs
from udfs.excel_limits import MAX_HELP
from udfs.function import Description, describe

FUNCTIONS = {name: getattr(udfs, name) for name in udfs.__all__}


def descriptions() -> list[Description]:
    return [describe(function) for function in FUNCTIONS.values()]


def test_every_cell_function_is_exported_and_nothing_else() -> None:
    defined = {
        name
        for path in Path(udfs.__file__).parent.glob("*.py")
        for name in re.findall(r"^@cell_function\ndef (\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    assert defined == set(udfs.__all__)
    assert list(udfs.__all__) == sorted(udfs.__all__)


@pytest.mark.parametrize("description", descriptions(), ids=lambda d: d.name)
def test_the_help_fits_excels_function_wizard(description: Description) -> None:
    """255 characters for a function and for an argument; a name is letters, digits and underscores."""
    assert re.fullmatch(r"GPT2_[A-Z_]+", description.name)
    assert 20 <= len(description.help) <= MAX_HELP
    assert "\n" not in description.help
    for argument in description.arguments:
        assert 5 <= len(argument.help) <= MAX_HELP, argument.name
    assert description.example.startswith(f"={description.name}("), description.example


@pytest.mark.parametrize("name", FUNCTIONS)
def test_xlwings_sees_raw_arguments_and_optional_ones_last(name: str) -> None:
    parameters = list(inspect.signature(FUNCTIONS[name]).parameters.values())
    assert all(parameter.annotation is inspect.Parameter.empty for parameter in parameters)
    optional = [parameter.default is None for parameter in parameters]
    assert optional == sorted(optional)
    assert not FUNCTIONS[name].__annotations__


def test_the_model_is_the_last_argument() -> None:
    for description in descriptions():
        names = [argument.name for argument in description.arguments]
        assert "model" not in names[:-1], description.name
