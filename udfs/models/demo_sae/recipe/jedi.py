"""The feature for Star Wars and its Jedi, found by its activations alone, and what steering with it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.gpt2.forward import forward, softmax
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import END_OF_TEXT, encode
from udfs.models.demo_sae.recipe.catalogue import texts
from udfs.models.demo_sae.recipe.firings import Firings
from udfs.models.demo_sae.recipe.reading import Reading

WORDS: Final = ("Jedi", "Force", "Sith", "Darth", "Vader", "Yoda", "Luke", "Skywalker", "lightsaber", "Wars")
PROMPT: Final = "Mike pulls out his"
BEFORE, AFTER = " phone", " lightsaber"
COEFFICIENTS: Final = (0, 25, 50, 75, 100, 150, 200, 250, 300, 400)
_ENOUGH: Final = 0.98


class Steered(NamedTuple):
    """The probabilities of the two words after the prompt, with the feature added at every position."""

    coefficient: int
    before: float
    after: float


def jedi(firings: Sequence[Firings], reading: Reading, decoder: Array, model: Model, layer: int) -> dict[str, Any]:
    """The feature, its figures, and the smallest coefficient that turns the phone into a lightsaber.

    A feature's score is the share of its activation that is in texts about Star Wars, from their first such word on,
    times the square root of the share of their tokens at which it is active.

    decoder: [n_features, n_embd]
    """
    inside = about_star_wars(reading.tokens)
    shares = [_shares(one, inside) for one in firings]
    feature = int(np.argmax([precision * recall**0.5 for precision, recall in shares]))
    precision, recall = shares[feature]
    steered = [steer(model, layer, decoder[feature], coefficient) for coefficient in COEFFICIENTS]
    return {
        "layer": layer,
        "feature": feature,
        "coefficient": coefficient(steered),
        "share of tokens in texts on Star Wars": round(float(inside.mean()), 3),
        "share of its activation there": round(precision, 3),
        "share of those tokens where it is active": round(recall, 3),
        "mean activation where active": round(float(firings[feature].activations.mean()), 1),
        "texts": texts(firings[feature], reading),
        "steering": {
            "prompt": PROMPT,
            "probabilities": [
                {"coefficient": at, BEFORE: round(before, 4), AFTER: round(after, 4)} for at, before, after in steered
            ],
        },
    }


def about_star_wars(tokens: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each token is in a text about Star Wars, from the first word in `WORDS` on: [n_tokens]."""
    spelled = [encode(f"{space}{word}") for word in WORDS for space in ("", " ")]
    words = {parts[0] for parts in spelled if len(parts) == 1}
    within, marks = False, []
    for token in tokens.tolist():
        within = token != END_OF_TEXT and (within or token in words)
        marks.append(within)
    return np.array(marks)


def steer(model: Model, layer: int, vector: Array, coefficient: int) -> Steered:
    """The prompt's next words with a multiple of the vector added to the stream that enters the block."""

    def add(place: str, value: Array) -> Array:
        return value + coefficient * vector if place == f"blocks.{layer}.hook_resid_pre" else value

    probabilities = softmax(forward(encode(PROMPT), model, add)[-1])
    (before,), (after,) = encode(BEFORE), encode(AFTER)
    return Steered(coefficient, float(probabilities[before]), float(probabilities[after]))


def coefficient(steered: Sequence[Steered]) -> int:
    """The smallest coefficient with more than 0.98 for the lightsaber, else the one with the most."""
    enough = [one for one in steered if one.after > _ENOUGH]
    return (enough[0] if enough else max(steered, key=lambda one: one.after)).coefficient


def _shares(firings: Firings, inside: NDArray[np.bool_]) -> tuple[float, float]:
    """The share of the activation that is inside, and the share of the inside where the feature is active."""
    if not len(firings.positions):
        return 0.0, 0.0
    there = inside[firings.positions]
    precision = firings.activations[there].sum() / firings.activations.sum()
    return float(precision), float(there.sum() / max(1, inside.sum()))
