"""Inputs with which a workbook cannot compute, and the message that its cells must then show."""

from __future__ import annotations

from collections.abc import Mapping

from addin.headless import Workbook

Edits = Mapping[str, str | None]

# For a workbook built for the model `tiny` with room for 9 tokens.
MESSAGES: dict[str, tuple[Edits, str]] = {
    "too long": (
        {"prompt": "one two three four five six seven eight nine ten"},
        "room for 9 tokens, the prompt has 10",
    ),
    "empty": ({"prompt": None}, "the prompt is empty"),
    "no model": ({"model_name": "no such"}, "'no such'"),
    "other shape": ({"model_name": "demo"}, "this workbook has 3 blocks of 4 heads"),
}


def message_after(workbook: Workbook, edits: Edits, line: str) -> str:
    """Makes the edits and returns the message in the status cell. The cell of the next token must show it too."""
    for cell, value in edits.items():
        workbook.set(cell, value)
    workbook.recalculate()
    message = workbook.get("status")
    assert isinstance(message, str)
    assert message.startswith("#GPT2! ")
    assert line in message
    assert workbook.get("next_token") == message
    return message
