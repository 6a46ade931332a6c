"""The one text that names a model, its options and its operations: `gpt2 ; bos ; scale h.9.attn by 0`.

`parse` and `str` are inverse: a text can be read, typed, kept in a cell and passed on.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from udfs.backend import bounded_json
from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.interventions import parse_positions
from udfs.backend.interpret.edits import Add, ClampFeature, EditFact, Mean, Operation, Remove, Scale, SetWeight
from udfs.backend.interpret.steering_vectors import SaeFeature, parse_vector

_SET = r"set\s+([\w.]+)\s*\[\s*(\d{1,9})\s*(?:,\s*(\d{1,9})\s*)?\]\s*=\s*(\S+)"
_SCALE = r"scale\s+([\w.]+)\s+by\s+(\S+)"
_MEAN = r"(?s)mean\s+([\w.]+)\s+over\s+(\[.*\])"
_ADD = r"(?s)add\s+([^\s*]+)\s*\*\s*(\w+\s*\(.*\))\s+to\s+([\w.]+)(?:\s+at\s+([\w\s,]+))?"
_CLAMP = r"(?s)clamp\s+(\w+\s*\(.*\))\s+to\s+(\S+)(?:\s+at\s+([\w\s,]+))?"
_REMOVE = r"(?s)remove\s+(\w+\s*\(.*\))\s+from\s+([\w.]+)(?:\s+at\s+([\w\s,]+))?"
_TEXT = r'("(?:[^"\\]|\\.)*")'
_EDIT = rf"(?s)edit\s+([\w.]+)\s+so\s+{_TEXT}\s+says\s+{_TEXT}(?:\s+about\s+{_TEXT})?"
_BOS = "bos"
_FLOAT64 = "float64"
_UNCENTRED = "sae uncentred"
_OPTIONS = (_BOS, _FLOAT64, _UNCENTRED)


@dataclass(frozen=True)
class ModelText:
    """A model's name (blank for the default), its options, and its operations.

    `bos`: prompts begin with `<|endoftext|>`. `float64`: it computes in double precision, as a spreadsheet does, and
    not in float32. `sae uncentred`: sparse autoencoders read the stream as it is, as Neuronpedia's do, and not centred
    over channels.
    """

    name: str = ""
    bos: bool = False
    operations: tuple[Operation, ...] = ()
    centred: bool = True
    float64: bool = False

    def __str__(self) -> str:
        options = [_BOS] * self.bos + [_FLOAT64] * self.float64 + [_UNCENTRED] * (not self.centred)
        return " ; ".join([self.name, *options, *map(str, self.operations)])


def parse(text: str) -> ModelText:
    """The model that a text names. Raises a ModelError that quotes the clause it cannot read."""
    name, *clauses = (clause.strip() for clause in text.split(";"))
    operations = tuple(parse_operation(clause) for clause in clauses if clause not in ("", *_OPTIONS))
    return ModelText(name, _BOS in clauses, operations, _UNCENTRED not in clauses, _FLOAT64 in clauses)


def parse_operation(clause: str) -> Operation:
    """The operation that one clause of a model text describes."""
    if match := re.fullmatch(_SET, clause):
        index = tuple(int(part) for part in match.group(2, 3) if part is not None)
        return SetWeight(match[1], index, parse_number(match[4], clause))
    if match := re.fullmatch(_SCALE, clause):
        return Scale(match[1], parse_number(match[2], clause))
    if match := re.fullmatch(_ADD, clause):
        positions = parse_positions(match[4] or "")
        return Add(parse_number(match[1], clause), parse_vector(match[2]), match[3], positions)
    if match := re.fullmatch(_CLAMP, clause):
        feature = parse_vector(match[1])
        if not isinstance(feature, SaeFeature):
            raise ModelError(f"clamp takes a feature such as sae(2, 7650), not {quoted(match[1])}")
        return ClampFeature(feature, parse_number(match[2], clause), parse_positions(match[3] or ""))
    if match := re.fullmatch(_REMOVE, clause):
        return Remove(parse_vector(match[1]), match[2], parse_positions(match[3] or ""))
    if match := re.fullmatch(_MEAN, clause):
        return Mean(match[1], _prompts(match[2], clause))
    if match := re.fullmatch(_EDIT, clause):
        return EditFact(match[1], *(_text(part, clause) for part in match.group(2, 3, 4) if part))
    raise ModelError(
        "a model text has clauses such as bos, float64, set h.0.mlp.c_fc.bias[17] = 0.5, scale h.9.attn by 0, "
        "add 30 * sae(2, 7650) to h.2, clamp sae(2, 7650) to 40, remove sae(2, 7650) from h.2, "
        'edit h.5.mlp so "Rome is in" says " Italy"; '
        f"not {quoted(clause)}"
    )


def _prompts(text: str, clause: str) -> tuple[str, ...]:
    """A list of prompts, at least one."""
    try:
        prompts = bounded_json.loads(text)
    except ValueError:
        prompts = None
    if not prompts or not all(isinstance(prompt, str) for prompt in prompts):
        raise ModelError(f'{quoted(clause)} needs a list of prompts such as ["one", "two"]')
    return tuple(prompts)


def _text(text: str, clause: str) -> str:
    """A text between quotation marks."""
    try:
        return str(bounded_json.loads(text))
    except ValueError:
        raise ModelError(f"{quoted(clause)} has a text that cannot be read: {quoted(text)}") from None


def parse_number(text: str, clause: str) -> float:
    """A finite number of a clause."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ModelError(f"{quoted(clause)} needs a finite number, not {quoted(text)}")
    return value
