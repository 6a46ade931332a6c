"""How `--set` parses its text."""

from __future__ import annotations

import pytest

from addin.commands.source import Edit, parse_edit
from addin.errors import AddinError
from addin.headless import Cell


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("-3", -3.0),
        ("1e-3", 0.001),
        (".5", 0.5),
        (" 7 ", 7.0),
        ("true", True),
        ("FALSE", False),
        ("", None),
        (" on", " on"),
        ("=A1", "=A1"),
        ("a=b", "a=b"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("1_000", "1_000"),
        ("1,5", "1,5"),
        ("a\nb", "a\nb"),
    ],
)
def test_values(text: str, value: Cell) -> None:
    edit = parse_edit(f"Block 5!C12={text}")
    assert edit == Edit("Block 5!C12", value)
    assert type(edit.value) is type(value)


def test_cells() -> None:
    assert parse_edit("prompt=x") == Edit("prompt", "x")
    assert parse_edit("'a=b'!A1=1") == Edit("'a=b'!A1", 1.0)
    assert parse_edit("'It''s'!A1=1") == Edit("'It''s'!A1", 1.0)


@pytest.mark.parametrize("text", ["Block 5!C12", "=1", " =1", ""])
def test_text_that_names_no_cell(text: str) -> None:
    with pytest.raises(AddinError, match="--set must be like"):
        parse_edit(text)
