"""The catalogue: the features that a label fits, with the texts they fire on most and the tokens they promote."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import decode
from udfs.models.demo_sae.recipe.firings import Firings
from udfs.models.demo_sae.recipe.labels import Kind, Label, Labeller
from udfs.models.demo_sae.recipe.reading import Reading
from udfs.models.demo_sae.recipe.topics import PARTS_OF_SPEECH, STAR_WARS, TOPICS

N_TEXTS: Final = 8
N_PROMOTED: Final = 10
_SAME_LABEL: Final = 2
"""A label is listed for at most this many features, the best ones."""
_WORDS: Final = 30
"""At most this many features for one word are listed."""
_STRONGEST: Final = 0.05
"""The texts are chosen among this share of the firings, and among at least `_LEAST` of them."""
_LEAST: Final = 40
_COMMON: Final = 10
"""Only tokens that occur this often are listed as promoted: the others were hardly trained."""


def catalogue(
    decoder: Array, firings: Sequence[Firings], reading: Reading, model: Model, jedi: int
) -> list[dict[str, Any]]:
    """An entry for each feature that got a label, by kind of label and then by label.

    decoder: [n_features, n_embd]
    jedi: the feature for Star Wars, which is listed even if its label is less precise than the others
    """
    promoted = promoted_tokens(decoder, model, reading.tokens)
    labeller = Labeller(reading, TOPICS, PARTS_OF_SPEECH)
    labels = {number: labeller.label(one, promoted[number]) for number, one in enumerate(firings)}
    labels[jedi] = labels[jedi] or labeller.mention(firings[jedi], STAR_WARS)
    chosen = choose({number: label for number, label in labels.items() if label})
    return [
        {
            "feature": number,
            "label": label.text,
            "kind": label.kind.value,
            "precision": round(label.precision, 2),
            "share of its activation": round(label.overall, 2),
            "share of tokens": float(f"{len(firings[number].positions) / len(reading.tokens):.2g}"),
            "mean activation": round(float(firings[number].activations.mean()), 1),
            "texts": texts(firings[number], reading),
            "promotes": promoted[number],
        }
        for number, label in chosen.items()
    ]


def choose(labels: dict[int, Label]) -> dict[int, Label]:
    """The best features of each label, in the order of the kinds and then of the labels."""
    listed: Counter[str | Kind] = Counter()
    chosen = {}
    for number, label in sorted(labels.items(), key=lambda item: -item[1].score):
        listed[label.text] += 1
        listed[label.kind] += 1
        if listed[label.text] <= _SAME_LABEL and (label.kind is not Kind.WORD or listed[label.kind] <= _WORDS):
            chosen[number] = label
    kinds = list(Kind)
    return dict(sorted(chosen.items(), key=lambda item: (kinds.index(item[1].kind), item[1].text, -item[1].score)))


def texts(firings: Firings, reading: Reading) -> list[str]:
    """Snippets of places where the feature fires most strongly, first those whose last two words differ."""
    strongest = firings.positions[: max(_LEAST, round(_STRONGEST * len(firings.positions)))].tolist()
    first: list[int] = []
    others: list[int] = []
    endings = set()
    for position in strongest:
        ending = (reading.word_at[position - 1], reading.word_at[position])
        (others if ending in endings else first).append(position)
        endings.add(ending)
    return list(dict.fromkeys(map(reading.snippet, [*first, *others])))[:N_TEXTS]


def promoted_tokens(decoder: Array, model: Model, tokens: NDArray[np.int64]) -> list[list[str]]:
    """The tokens whose logits each feature raises most by the direct path: its decoder row through the final gain."""
    numbers, counts = np.unique(tokens, return_counts=True)
    common = numbers[counts >= _COMMON]
    unembedding = model.rows("wte.weight", common.tolist()).T  # [n_embd, n_common]
    logits = (decoder * model["ln_f.weight"]) @ unembedding  # [n_features, n_common]
    best = np.argsort(-logits, axis=1)[:, :N_PROMOTED]
    return [[decode([token]) for token in common[row].tolist()] for row in best]


def write_json(found: dict[str, Any], path: Path) -> None:
    """Writes `features.json`, with one feature a line; the features come last in `found`."""
    *head, (name, features) = found.items()
    lines = [json.dumps(entry, ensure_ascii=False) for entry in features]
    text = json.dumps(dict(head), indent=2, ensure_ascii=False).removesuffix("\n}")
    path.write_text(f'{text},\n  "{name}": [\n    ' + ",\n    ".join(lines) + "\n  ]\n}\n", encoding="utf-8")
