"""How LibreOffice Calc stores a formula."""

from __future__ import annotations

SERVICE = "org.gpt2excel"  # the add-in's name among LibreOffice's services

# What every function takes in Calc besides its own arguments.
ARRAY_ARGUMENTS = {
    "array_rows": "only for an array formula: its rows; what the result leaves of them stays blank",
    "array_columns": "only for an array formula: its columns",
}


def method(name: str) -> str:
    """The method of the add-in that is a function: gpt2AttentionMix for GPT2_ATTENTION_MIX."""
    first, *others = name.lower().split("_")
    return first + "".join(map(str.title, others))


def stored(name: str) -> str:
    """A function's name in a file."""
    return f"{SERVICE}.{method(name)}".upper()
