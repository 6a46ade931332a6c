"""The one text that names a model, its options and its operations: `gpt2 ; bos ; scale h.9.attn by 0`.

`parse` and `str` are inverse: a text can be read, typed, kept in a cell and passed on.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from udfs.backend.errors import ModelError
from udfs.backend.surgery import Operation, Scale, SetWeight

_SET = re.compile(r"set\s+([\w.]+)\s*\[\s*(\d+)\s*(?:,\s*(\d+)\s*)?\]\s*=\s*(\S+)")
_SCALE = re.compile(r"scale\s+([\w.]+)\s+by\s+(\S+)")


@dataclass(frozen=True)
class ModelText:
    """A model's name (blank: the default one), whether prompts begin with `<|endoftext|>`, and what is done to it."""

    name: str = ""
    bos: bool = False
    operations: tuple[Operation, ...] = ()

    def __str__(self) -> str:
        options = ["bos"] if self.bos else []
        return " ; ".join([self.name, *options, *map(str, self.operations)])


def parse(text: str) -> ModelText:
    """The model that a text names. Raises ModelError that quotes the clause which cannot be read."""
    name, *clauses = (clause.strip() for clause in text.split(";"))
    bos = "bos" in clauses
    return ModelText(name, bos, tuple(parse_operation(clause) for clause in clauses if clause not in ("", "bos")))


def parse_operation(clause: str) -> Operation:
    """The operation that one clause of a model text describes."""
    if match := _SET.fullmatch(clause):
        index = tuple(int(part) for part in match.group(2, 3) if part is not None)
        return SetWeight(match[1], index, parse_number(match[4], clause))
    if match := _SCALE.fullmatch(clause):
        return Scale(match[1], parse_number(match[2], clause))
    raise ModelError(
        "a model text has clauses such as bos, set h.0.mlp.c_fc.bias[17] = 0.5, scale h.9.attn.head.1 by 0; "
        f"not {clause!r}"
    )


def parse_number(text: str, clause: str) -> float:
    """A finite number of a clause."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ModelError(f"{clause!r} needs a finite number, not {text!r}")
    return value
