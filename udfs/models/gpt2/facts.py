"""Facts about models that others have published, or that the demo model's report states, and the check of each.

`facts.json` holds figures about gpt2 and distilgpt2, each with its source. For each kind of fact, `measures.py` has a
function, which measures a list of texts and numbers. It must equal the expected list within the fact's tolerance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from udfs.backend.errors import ModelError
from udfs.backend.gpt2.model import Model
from udfs.models.gpt2 import measures

FILE = Path(__file__).with_name("facts.json")
REPORT = Path(__file__).parents[1] / "demo" / "report.md"

Value: TypeAlias = str | int | float
Verdict: TypeAlias = Literal["right", "wrong", "not checked"]

_DEMO = "demo"
_EITHER = "either"  # the source does not tell whether <|endoftext|> comes first
_ROUNDED = {3: 6e-4, 2: 6e-3}  # half of the last decimal of the report, and a little for other processors


@dataclass(frozen=True)
class Fact:
    """What someone has found in a model.

    given: what the measure needs, such as the prompt
    tolerance: the largest difference of a number; several are for the numbers in turn
    relative: added to the tolerance for each unit of the expected number
    """

    kind: str
    expected: Sequence[Value]
    source: str
    model: str = "gpt2"
    given: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float | Sequence[float] = 0.0
    relative: float = 0.0

    @property
    def subject(self) -> str:
        """The text that the fact is about, or the place if there is no text."""
        given = self.given
        return str(given.get("prompt") or given.get("prompts") or given.get("ids") or given.get("layer", ""))


@dataclass(frozen=True)
class LeftOut:
    """A published fact that is not checked, and what the check would need."""

    what: str
    needs: str
    source: str


@dataclass(frozen=True)
class Outcome:
    """What a check has found: the values, or one line of text if they could not be measured."""

    fact: Fact
    found: Sequence[Value]
    verdict: Verdict

    @property
    def first_wrong(self) -> int:
        """The number of the first value that is not as expected; 0 if all are."""
        pairs = enumerate(zip(self.fact.expected, self.found, strict=False))
        return next((i for i, (expected, found) in pairs if not _agree(expected, found, self.fact, i)), 0)


def facts_about(name: str) -> Sequence[Fact]:
    """The facts about a model, none for a model that nobody has published figures of."""
    return _of_demo() if name == _DEMO else [fact for fact in published() if fact.model == name]


@cache
def published() -> Sequence[Fact]:
    """The facts in `facts.json`."""
    return [_fact(values) for values in _read()["facts"]]


@cache
def left_out() -> Sequence[LeftOut]:
    """Published facts that are not checked."""
    return [LeftOut(**values) for values in _read()["left_out"]]


def check(fact: Fact, model: Model) -> Outcome:
    """Measures a fact in a model. Only a missing sparse autoencoder leaves it unchecked; all else is right or wrong."""
    starts = (False, True) if fact.given.get("bos") == _EITHER else (bool(fact.given.get("bos")),)
    outcomes = [_check({**fact.given, "bos": bos}, fact, model) for bos in starts]
    return next((outcome for outcome in outcomes if outcome.verdict == "right"), outcomes[0])


def _check(given: Mapping[str, Any], fact: Fact, model: Model) -> Outcome:
    if lacking := measures.lacks(fact.kind, given, model):
        return Outcome(fact, [lacking], "not checked")
    try:
        found = measures.MEASURES[fact.kind](given, model)
    except ModelError as error:
        return Outcome(fact, [str(error)], "wrong")
    except IndexError:
        return Outcome(fact, [f"{model.name} has no such layer, head, channel or token"], "wrong")
    agree = [
        _agree(expected, value, fact, i) for i, (expected, value) in enumerate(zip(fact.expected, found, strict=False))
    ]
    return Outcome(fact, found, "right" if all(agree) and len(found) == len(fact.expected) else "wrong")


def _agree(expected: Value, found: Value, fact: Fact, number: int) -> bool:
    if isinstance(expected, str) or isinstance(found, str):
        return expected == found
    tolerances = [fact.tolerance] if isinstance(fact.tolerance, (int, float)) else fact.tolerance
    return abs(expected - found) <= tolerances[number % len(tolerances)] + fact.relative * abs(expected)


def _read() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


def _fact(values: Mapping[str, Any]) -> Fact:
    own = {"kind", "expected", "source", "model", "tolerance", "relative"}
    given = {name: value for name, value in values.items() if name not in own}
    return Fact(**{name: value for name, value in values.items() if name in own}, given=given)


def _of_demo() -> Sequence[Fact]:
    """What the demo model's report says about prompts: the likeliest tokens of each, and their probabilities.

    A row of its tables has texts between backticks, which no prompt contains.
    """
    rows = [line.split("`") for line in REPORT.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    found = []
    for row in rows:
        texts, between = row[1::2], row[2::2]
        if len(texts) == 6:  # a prompt, and five tokens with their probabilities
            pairs = [
                (token, float(number.strip(" ,|").split("|")[0]))
                for token, number in zip(texts[1:], between[1:], strict=True)
            ]
            found.append(_likeliest(texts[0], pairs, 2))
        elif len(texts) == 3:  # a prompt, the token that should follow, and the one that does
            found.append(_likeliest(texts[0], [(texts[2], float(between[2].strip(" |").split("|")[0]))], 3))
    return found


def _likeliest(prompt: str, tokens: Sequence[tuple[str, float]], decimals: int) -> Fact:
    expected = [value for pair in tokens for value in pair]
    given = {"prompt": prompt, "k": len(tokens), "columns": ["token", "probability"]}
    return Fact("likeliest", expected, f"{REPORT.parent.name}/{REPORT.name}", _DEMO, given, (0.0, _ROUNDED[decimals]))
