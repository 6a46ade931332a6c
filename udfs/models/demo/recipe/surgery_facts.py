"""What changes an answer of the demo model: parts scaled, numbers edited, vectors added, a fact rewritten.

Each function measures one fact of `udfs.models.demo.facts`; `facts.py` beside this file writes them down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

import udfs
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import encode, token_text
from udfs.backend.next_token import probabilities
from udfs.backend.stream import quick_block, residual_stream
from udfs.models.demo.facts import (
    Ablation,
    Animal,
    Contrast,
    FactEdit,
    Jedi,
    PronounHead,
    Pronouns,
    StreamEdit,
    WeightEdit,
)
from udfs.models.demo.prompts import (
    ABLATED,
    CAPITAL,
    CAPITAL_NEIGHBOURS,
    CAPITAL_PARAPHRASES,
    HE_MOVES,
    JEDI,
    JEDI_PULLS,
    LIGHTSABER,
    PAIRS,
    PETER_IS,
    PHONE,
    PULLS,
    SHE_MOVES,
    WAND,
    WIZARD,
)
from udfs.models.demo.recipe.observed_facts import attention, rounded
from udfs.models.demo_sae.recipe.topics import TOPICS

_SURE: Final = 0.98  # the probability at which a change is strong enough
_CONTRASTS: Final = (0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8)
_GROWING: Final = (10, 25, 50, 75, 100, 125, 150, 200, 250, 300, 400)  # coefficients of the feature
_CONTINUED_BY: Final = 12  # tokens
_ANIMALS: Final = "wild animals"
_FACTORS: Final = (0.0, -1.0, -2.0, -3.0)
_STREAM_VALUES: Final = (2.0, 5.0, 10.0, 20.0, 50.0)
_PCAS: Final = (10, 20, 40, 60, 80, 100, 120, 160, 200, 240, 300, 400, 600, 800)
_BIASES: Final = (-5.0, 5.0, -10.0, 10.0)
_SAE: Final = Path(udfs.__file__).with_name("models") / "demo_sae" / "features.json"


class _Strength(NamedTuple):
    coefficient: float
    probability: float


def pronouns(head: PronounHead, model: Model) -> Pronouns:
    """The answers to both pronouns, how the head looks at their names, and a part that decides."""
    she, he = _answer(SHE_MOVES, catalogue.DEMO), _answer(HE_MOVES, catalogue.DEMO)
    her_share, his_share = (
        float(attention(prompt, pronoun, name, model)[head.layer, head.head])
        for prompt, pronoun, name in ((SHE_MOVES, " She", " Anna"), (HE_MOVES, " He", "Mike"))
    )
    part, factor = _decisive(he, model)
    return Pronouns(she, he, rounded(her_share), rounded(his_share), part, factor, he)


def _decisive(answer: str, model: Model) -> tuple[str, float]:
    """The part, a head if one is enough, and the factor nearest to 1 that surely gives that answer to `SHE_MOVES`."""
    layers, heads = range(model.config.n_layer), range(model.config.n_head)
    kinds = (
        [f"h.{layer}.attn.head.{head}" for layer in layers for head in heads],
        [f"h.{layer}.attn" for layer in layers],
        [f"h.{layer}.mlp" for layer in layers],
    )
    for parts, factor in product(kinds, _FACTORS):
        shares = {part: _scaled(part, factor, answer) for part in parts}
        part = max(parts, key=lambda part: shares[part])
        if shares[part] > _SURE:
            return part, factor
    raise ValueError(f"no factor of a part changes the answer to {SHE_MOVES!r}")


def _scaled(part: str, factor: float, answer: str) -> float:
    """The probability of that answer to `SHE_MOVES` with the part's output times the factor."""
    model = catalogue.load(f"{catalogue.DEMO} ; scale {part} by {factor:g}")
    shares = probabilities(forward.unembed(residual_stream(encode(SHE_MOVES), model)[-1][-1:], model)[0])
    return float(shares[encode(answer)[0]])


def stream_edit(model: Model) -> StreamEdit:
    """Of the row of ` slow`, the number to which a small change makes the answer to `HE_MOVES` the most probable."""
    ids, (slow,) = encode(SHE_MOVES), encode(" slow")
    position, width = ids.index(slow), model.config.n_embd
    (wanted,) = encode(_answer(HE_MOVES, catalogue.DEMO))
    for value in _STREAM_VALUES:
        stream = np.repeat(forward.embed(ids, model)[None], width, axis=0)  # [n_embd, n_seq, n_embd]
        stream[np.arange(width), position, np.arange(width)] = value
        for layer in range(model.config.n_layer):
            stream = quick_block(layer, stream, model)
        shares = forward.softmax(forward.unembed(stream[:, -1], model))  # -> [n_embd, n_vocab]
        channel = int(shares[:, wanted].argmax())
        if shares[channel, wanted] > _SURE:
            return StreamEdit(position, channel, value, token_text(wanted), rounded(shares[channel, wanted]))
    raise ValueError("no number of that row decides the answer")


def jedi() -> Jedi:
    """The feature and its coefficient as in `features.json`, and the smallest with which a lightsaber wins."""
    found = json.loads(_SAE.read_text(encoding="utf-8"))["jedi"]
    layer, feature = int(found["layer"]), int(found["feature"])
    coefficient = found["coefficient"]
    vector, place = f"sae({layer}, {feature})", f"h.{layer}"

    def is_weak(strength: int) -> bool:
        phone, lightsaber = _steered(vector, place, strength, (PHONE, LIGHTSABER))
        return phone > lightsaber

    @cache
    def continued(strength: int) -> str:
        return _continued(_steering(vector, place, strength))

    low, high = 0, int(coefficient)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_weak(middle) else (low, middle)
    removal = next(-c for c in _GROWING if _answer(JEDI_PULLS, _steering(vector, place, -c)) == PHONE)
    fluent = next(c for c in _GROWING if JEDI in continued(c) and not is_obsessed(continued(c)))
    obsessed = next(c for c in _GROWING if is_obsessed(continued(c)))
    return Jedi(layer, feature, coefficient, high, removal, fluent, obsessed)


def animal() -> Animal:
    """The best feature of the topic, and the smallest coefficient with which the text goes on with an animal."""
    found = json.loads(_SAE.read_text(encoding="utf-8"))
    feature = next(int(one["feature"]) for one in found["features"] if one["label"] == _ANIMALS)
    vector, place = f"sae({found['jedi']['layer']}, {feature})", f"h.{found['jedi']['layer']}"
    for coefficient in _GROWING:
        words = re.findall(r" \w+", _continued(_steering(vector, place, coefficient)))
        for word in words:
            if word.strip() in TOPICS[_ANIMALS]:
                return Animal(_ANIMALS, feature, coefficient, word)
    raise ValueError(f"no coefficient of feature {feature} makes an animal of Peter")


def _continued(model: str) -> str:
    """The model's continuation of `Peter is`."""
    return str(udfs.gpt2_generate(PETER_IS, _CONTINUED_BY, model=model))


def is_obsessed(text: str) -> bool:
    """Whether a word comes three times in a row."""
    words = text.split()
    return any(len(set(three)) == 1 for three in zip(words, words[1:], words[2:], strict=False))


def contrast(model: Model) -> Contrast:
    """The place and the coefficient with which ` Jedi` gives a lightsaber, and ` wizard` a wand, most surely."""

    def probability(found: Contrast) -> float:
        shares = (
            _steered(f'contrast("{plus}", "{PHONE}")', f"h.{found.layer}", found.coefficient, (thing,))[0]
            for plus, thing in ((JEDI, LIGHTSABER), (WIZARD, WAND))
        )
        return min(shares)

    layers = range(1, model.config.n_layer // 2)
    return max((Contrast(layer, coefficient) for layer in layers for coefficient in _CONTRASTS), key=probability)


def pca(model: Model) -> float:
    """The coefficient with which the direction of `PAIRS`, halfway through the model, gives a lightsaber surely."""
    place = f"h.{model.config.n_layer // 2}"
    positive, negative = ([[text] for text in side] for side in zip(*PAIRS, strict=True))
    vector = udfs.gpt2_direction(positive, negative, place, catalogue.DEMO)
    return _weakest_sure(_Strength(c, _steered(vector, place, c, (LIGHTSABER,))[0]) for c in _PCAS)


def _weakest_sure(strengths: Iterable[_Strength]) -> float:
    """The first coefficient whose probability is high enough, or else the one with the highest."""
    found = list(strengths)
    return next((s.coefficient for s in found if s.probability > _SURE), max(found, key=lambda s: s.probability)[0])


def ablation(model: Model) -> Ablation:
    """The first part, attentions before MLPs, whose silence breaks an answer that its mean restores, if any does."""
    broken = []
    for prompt, answer, mean_over in ABLATED:
        for half in ("attn", "mlp"):
            for part in (f"h.{layer}.{half}" for layer in range(model.config.n_layer)):
                if _answer(prompt, f"demo ; scale {part} by 0") != answer:
                    restores = _answer(prompt, f"demo ; mean {part} over {json.dumps(mean_over)}") == answer
                    broken.append(Ablation(part, prompt, answer, mean_over, restores))
                    if restores:
                        return broken[-1]
    return broken[0]


def weight_edit(model: Model) -> WeightEdit:
    """The change of one number of `ln_f.bias` that makes a lightsaber, or else any other answer, the most likely."""
    normal = forward.layer_norm(residual_stream(encode(PULLS), model)[-1][-1:], "ln_f", model)[0]
    embedding, bias = model["wte.weight"], model["ln_f.bias"]
    logits = embedding @ normal  # [n_vocab]
    usual, (wanted,) = int(logits.argmax()), encode(LIGHTSABER)
    found = []
    for value in _BIASES:
        for index in range(model.config.n_embd):
            shares = probabilities(logits + (value - bias[index]) * embedding[:, index])
            best = int(shares.argmax())
            found.append((best == wanted, best != usual, float(shares[best]), index, value, best))
        if any(is_wanted for is_wanted, *_ in found):
            break
    _, _, _, index, value, best = max(found)
    return WeightEdit(index, value, token_text(best))


def fact_edit(model: Model) -> FactEdit:
    """The first block in which the edit gives the new answer to the prompt and its paraphrases, and to no other."""
    prompt, subject, answer = CAPITAL
    wanted = [(text, answer) for text in (prompt, *CAPITAL_PARAPHRASES)] + list(CAPITAL_NEIGHBOURS)

    def n_right(edit: FactEdit) -> int:
        return sum(udfs.gpt2_predict(text, 1, 1, edit.model)[1][1] == expected for text, expected in wanted)

    edits = [FactEdit(prompt, subject, answer, layer) for layer in range(model.config.n_layer // 2)]
    right: list[int] = []
    for edit in edits:
        right.append(n_right(edit))
        if right[-1] == len(wanted):
            break
    return edits[int(np.argmax(right))]


def _steered(vector: str | Array, place: str, coefficient: float, tokens: Sequence[str]) -> list[float]:
    """The probabilities of these tokens after `PULLS`, with the vector added at every token."""
    model = catalogue.load(_steering(vector, place, coefficient))
    shares = probabilities(forward.unembed(residual_stream(encode(PULLS), model)[-1][-1:], model)[0])
    return [float(shares[encode(token)[0]]) for token in tokens]


def _steering(vector: str | Array, place: str, coefficient: float) -> str:
    """The text of the model with the vector added at every token."""
    return str(udfs.gpt2_steer_model(vector, place, coefficient, "all", catalogue.DEMO))


def _answer(prompt: str, model: str) -> str:
    return str(udfs.gpt2_predict(prompt, 1, 1, model)[1][1])
