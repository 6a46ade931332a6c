"""The docstring of a cell function in parts: summary, paragraphs, arguments, errors, source, example."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

LABELS = ("Raises", "Source", "Example")


class Documentation(NamedTuple):
    """A docstring in parts.

    summary: the first paragraph
    paragraphs: the other paragraphs, without entries
    entries: the texts of lines such as `name: text`, by an argument's name or by one of `LABELS`
    """

    summary: str
    paragraphs: list[str]
    entries: Mapping[str, str]


def documentation(function: Callable[..., Any], arguments: Collection[str]) -> Documentation:
    """The parts of a function's docstring. An entry continues in the lines below it, up to a blank line or an entry."""
    summary, *blocks = (inspect.getdoc(function) or "").split("\n\n")
    paragraphs: list[str] = []
    entries: dict[str, str] = {}
    for block in blocks:
        name, lines = "", []
        for line in block.splitlines():
            entry = re.fullmatch(r"(\w+): (.+)", line)
            if entry and (entry[1] in arguments or entry[1] in LABELS):
                name, entries[entry[1]] = entry.groups()
            elif name:
                entries[name] += f" {line.strip()}"
            else:
                lines.append(line)
        if lines:
            paragraphs.append("\n".join(lines))
    return Documentation(summary, paragraphs, entries)
