"""Vectors to steer with, and their spelling in the model text.

A feature of a sparse autoencoder; the difference of two prompts (activation addition: Turner et al. 2023); the main
direction of the differences between pairs of prompts (representation engineering: Zou et al. 2023); or any numbers.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from udfs.backend import bounded_json
from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.prompts import prompt_ids
from udfs.backend.interpret.places import Place, value_at
from udfs.backend.interpret.sae import load_for


class Vector(Protocol):
    """Something that can be added to the stream. `str` gives its spelling in the model text."""

    def rows(self, place: Place, model: Model) -> Array:
        """One vector, `[1, n_embd]`, or a row for each position, `[n, n_embd]`."""
        ...


class SaeFeature(NamedTuple):
    """The direction of a feature of the sparse autoencoder before a block: `sae(2, 7650)`."""

    layer: int
    feature: int

    def __str__(self) -> str:
        return f"sae({self.layer}, {self.feature})"

    def rows(self, place: Place, model: Model) -> Array:
        return load_for(model, self.layer).feature(self.feature)[None]


class Contrast(NamedTuple):
    """The difference of two prompts at the place where it is added: `contrast("Love", "Hate")`."""

    plus: str
    minus: str

    def __str__(self) -> str:
        return f"contrast({text_of(self.plus)}, {text_of(self.minus)})"

    def rows(self, place: Place, model: Model) -> Array:
        return contrast(self.plus, self.minus, place, model)


class Direction(NamedTuple):
    """The direction from some prompts to others at the place where it is added: `direction(["a", ...], ["b", ...])`."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]

    def __str__(self) -> str:
        return f"direction({text_of(list(self.positive))}, {text_of(list(self.negative))})"

    def rows(self, place: Place, model: Model) -> Array:
        positive, negative = (
            [prompt_ids(text, model, name) for text in texts]
            for texts, name in ((self.positive, "positive"), (self.negative, "negative"))
        )
        return direction(positive, negative, place, model)[None]


class Numbers(NamedTuple):
    """Any numbers: `numbers("...")`, little-endian float32 in base64."""

    packed: str

    @classmethod
    def pack(cls, rows: Array) -> Numbers:
        """These numbers, `[n, n_embd]`."""
        return cls(base64.b64encode(rows.astype("<f4").tobytes()).decode("ascii"))

    def __str__(self) -> str:
        return f"numbers({text_of(self.packed)})"

    def rows(self, place: Place, model: Model) -> Array:
        width = model.config.n_embd
        try:
            values: Array = np.frombuffer(base64.b64decode(self.packed, validate=True), "<f4")
        except ValueError:
            values = np.empty(0, np.float32)
        if not 0 < values.size <= width * model.config.n_ctx or values.size % width or not np.isfinite(values).all():
            raise ModelError(f"numbers(...) must hold rows of {width} finite numbers for {model.name}")
        return values.reshape(-1, width)


def text_of(value: str | list[str]) -> str:
    """Texts as JSON, with semicolons escaped because they separate the clauses of a model text."""
    return json.dumps(value, ensure_ascii=False).replace(";", "\\u003b")


def parse_vector(text: str) -> Vector:
    """The vector that a text such as `sae(2, 7650)` names. Raises ModelError for any other text."""
    kind, _, rest = text.strip().partition("(")
    try:
        arguments = bounded_json.loads(f"[{rest[:-1]}]") if rest.endswith(")") else []
    except ValueError:
        arguments = []
    match kind.strip(), arguments:
        case "sae", [int(layer), int(feature)] if bool not in (type(layer), type(feature)):
            return SaeFeature(layer, feature)
        case "contrast", [str(plus), str(minus)]:
            return Contrast(plus, minus)
        case "direction", [[str(), *_] as positive, [str(), *_] as negative] if _all_texts([*positive, *negative]):
            return Direction(tuple(positive), tuple(negative))
        case "numbers", [str(packed)]:
            return Numbers(packed)
    raise ModelError(
        'a vector is sae(2, 7650), contrast("Love", "Hate"), direction(["a"], ["b"]) or numbers("..."), '
        f"not {quoted(text.strip())}"
    )


def _all_texts(values: Sequence[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def contrast(plus: str, minus: str, place: Place, model: Model) -> Array:
    """The value at a place for one prompt minus the value there for another: `[n_seq, n_embd]`.

    Both begin with `<|endoftext|>`, and the shorter one is padded with spaces at its end. Row 0 is zero, because both
    prompts begin with the same token.
    """
    ids = [prompt_ids(text, model, name, bos=True) for text, name in ((plus, "plus"), (minus, "minus"))]
    n_seq = max(map(len, ids))
    space = model.tokenizer.encode(" ")[0]
    a, b = (value_at(place, prompt + [space] * (n_seq - len(prompt)), model) for prompt in ids)
    return a - b


def direction(
    positive: Sequence[Sequence[int]], negative: Sequence[Sequence[int]], place: Place, model: Model
) -> Array:
    """The unit vector along which pairs of prompts differ most at their last tokens: `[n_embd]`.

    It is the first principal component of the points of all pairs, each centred on the midpoint of its pair rather than
    on the mean of all. Its sign makes the positive prompts project higher on average.
    """
    if len(positive) != len(negative):
        raise ModelError(f"negative must hold {len(positive)} prompts, as many as positive, not {len(negative)}")
    a, b = (np.stack([value_at(place, ids, model)[-1] for ids in prompts]) for prompts in (positive, negative))
    differences = a - b  # [n_pairs, n_embd]; each point of a pair is half of it away from the midpoint
    if not differences.any():
        raise ModelError("positive and negative must differ at this place, but every pair has the same values")
    _, _, components = np.linalg.svd(differences, full_matrices=False)
    first: Array = components[0]  # [n_embd], of unit length
    return -first if (differences @ first).mean() < 0 else first
