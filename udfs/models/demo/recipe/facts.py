"""`python -m udfs.models.demo.recipe.facts`: measures the installed demo model and writes `facts.json`.

It reads the feature for Star Wars from the sparse autoencoder's `features.json`, so run it after that recipe. It needs
no corpus, and neither torch nor transformers. It takes about ten seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

import udfs
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import encode, token_text
from udfs.backend.interpret import circuits
from udfs.backend.interpret.circuit_search import smallest
from udfs.backend.interpret.circuits import Part, Task
from udfs.backend.next_token import probabilities
from udfs.backend.stream import quick_block, residual_stream
from udfs.models.demo import facts as reader
from udfs.models.demo.facts import (
    Ablation,
    Circuit,
    Contrast,
    DayHead,
    FactEdit,
    Facts,
    Greedy,
    Induction,
    Jedi,
    Lens,
    LosingDay,
    Mood,
    PronounHead,
    Pronouns,
    StreamEdit,
    WeightEdit,
)
from udfs.models.demo.prompts import (
    ABLATED,
    ADVERB,
    CAPITAL,
    CAPITAL_NEIGHBOURS,
    CAPITAL_PARAPHRASES,
    DAYS,
    HE_MOVES,
    JEDI,
    JEDI_PULLS,
    LIGHTSABER,
    MIKE_IS,
    PAIRS,
    PHONE,
    PULLS,
    REPEATED,
    SEVEN_DAYS,
    SHE_MOVES,
    TUESDAY,
    WAND,
    WIZARD,
)
from udfs.models.demo.recipe.held_out import REFERENCES

CONTINUED: Final = (MIKE_IS, ADVERB, "Anna is a Jedi. She pulls out her", "Star Wars is a film")

_SURE: Final = 0.98  # the probability at which a coefficient is strong enough
_CONTRASTS: Final = (0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8)
_GROWING: Final = (10, 25, 50, 75, 100, 125, 150, 200, 250, 300, 400)  # coefficients of the feature
_CONTINUED_BY: Final = 12  # tokens
_MOOD, _ANGRY = "after a mention of: sad and angry feelings", " angry"
_STREAM_VALUES: Final = (2.0, 5.0, 10.0, 20.0, 50.0)
_PCAS: Final = (10, 20, 40, 60, 80, 100, 120, 160, 200, 240, 300, 400, 600, 800)
_BIASES: Final = (-5.0, 5.0, -10.0, 10.0)
_NEAR_0: Final = 0.01
_SEEDS: Final = range(5, 1000)
_SAE: Final = Path(udfs.__file__).with_name("models") / "demo_sae" / "features.json"


class _Strength(NamedTuple):
    coefficient: float
    probability: float


def measure() -> Facts:
    """All facts about the installed model."""
    model = catalogue.load(catalogue.DEMO)
    head, days, shares = _pronoun_head(model), _other_days(), _day_shares(model)
    circuit, needs = _circuit(model)
    first, second = (_induction(text) for text in REPEATED)
    return Facts(
        pronoun_head=head,
        pronouns=_pronouns(head, model),
        stream_edit=_stream_edit(model),
        day_head=_day_head(shares, needs),
        lens=_lens(days),
        losing_day=_losing_day(days),
        repeated=(first, second),
        circuit=circuit,
        jedi=_jedi(),
        mood=_mood(),
        contrast=_contrast(model),
        pca=_pca(model),
        ablation=_ablation(model),
        weight_edit=_weight_edit(model),
        fact_edit=_fact_edit(model),
        greedy=_greedy(),
        speculation_seed=_speculation_seed(),
    )


def _pronoun_head(model: Model) -> PronounHead:
    """The head whose smallest share over all prompts is the largest."""
    shares = np.stack([_from_the_end(item.prompt, item.name, model) for item in REFERENCES])  # [prompt, layer, head]
    layer, head = _place_of_largest(shares.min(axis=0))
    own = shares[:, layer, head]
    return PronounHead(layer, head, _rounded(own.mean()), _rounded(own.min()))


def _pronouns(head: PronounHead, model: Model) -> Pronouns:
    she, he = _answer(SHE_MOVES, catalogue.DEMO), _answer(HE_MOVES, catalogue.DEMO)
    her_share, his_share = (
        float(_attention(prompt, pronoun, name, model)[head.layer, head.head])
        for prompt, pronoun, name in ((SHE_MOVES, " She", " Anna"), (HE_MOVES, " He", "Mike"))
    )
    silenced = _silenced(he, model)
    return Pronouns(she, he, _rounded(her_share), _rounded(his_share), silenced, _without(silenced))


def _silenced(answer: str, model: Model) -> str:
    """The part without which that answer to `SHE_MOVES` is the most probable: a head, if one is enough."""
    layers, heads = range(model.config.n_layer), range(model.config.n_head)
    kinds = (
        [f"h.{layer}.attn.head.{head}" for layer in layers for head in heads],
        [f"h.{layer}.attn" for layer in layers],
        [f"h.{layer}.mlp" for layer in layers],
    )
    for parts in kinds:
        found = [part for part in parts if _without(part) == answer]
        if found:
            return max(found, key=_certainty_without)
    raise ValueError(f"no part of the model is needed to answer {SHE_MOVES!r}")


def _without(part: str) -> str:
    return _answer(SHE_MOVES, f"{catalogue.DEMO} ; scale {part} by 0")


def _certainty_without(part: str) -> float:
    """The probability of the most likely token without that part."""
    return float(udfs.gpt2_predict(SHE_MOVES, 1, 1, f"{catalogue.DEMO} ; scale {part} by 0")[1][4])


def _stream_edit(model: Model) -> StreamEdit:
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
            return StreamEdit(position, channel, value, token_text(wanted), _rounded(shares[channel, wanted]))
    raise ValueError("no number of that row decides the answer")


def _day_shares(model: Model) -> Array:
    """How much each head looks from the end of the prompt to the day, in the mean over the days: [n_layer, n_head]."""
    pairs = zip(SEVEN_DAYS, DAYS, strict=True)
    return np.mean([_from_the_end(prompt, f" {day}", model) for (prompt, _), day in pairs], axis=0)


def _day_head(shares: Array, needs: dict[Part, int]) -> DayHead:
    """Of the circuit's heads that look at the day most of the time, the one without which the most days are wrong."""
    looking = [part for part in needs if part.head is not None and shares[part.layer, part.head] > 0.5]
    if looking:
        part = max(looking, key=lambda part: (needs[part], shares[part.layer, part.head]))
    else:
        part = Part(*_place_of_largest(shares))
    layer, head = part.layer, part.head
    assert head is not None
    return DayHead(layer, head, _rounded(shares[layer, head]))


def _circuit(model: Model) -> tuple[Circuit, dict[Part, int]]:
    """The circuit, and for each of its parts the number of days that come out wrong without it."""
    task = _task(SEVEN_DAYS, model, "mean")
    coarse = smallest(task, circuits.halves(model.config), lambda parts, lead: None)
    found = smallest(task, circuits.singles(coarse, model.config), lambda parts, lead: None)
    needs = {part: int((task.standing(found - {part}).ranks > 1).sum()) for part in sorted(found, key=_in_order)}
    most = [part for part in needs if needs[part] > len(SEVEN_DAYS) / 2]
    crucial = most[0] if most else max(needs, key=lambda part: needs[part])
    (name,) = circuits.component_names(frozenset([crucial]), model.config)
    return Circuit(tuple(circuits.component_names(found, model.config)), name, needs[crucial]), needs


def _lens(days: Sequence[LosingDay]) -> Lens:
    guesses = [str(row[1]) for row in udfs.gpt2_logitlens(TUESDAY, 1, -1, "both", catalogue.DEMO)[1:]]
    answer_from = len(guesses)
    while answer_from and guesses[answer_from - 1] == guesses[-1]:
        answer_from -= 1
    rival = max(days, key=lambda day: day.highest)
    return Lens(answer_from, guesses[answer_from - 1], rival.token, rival.highest)


def _other_days() -> list[LosingDay]:
    """All days but the answer."""
    answer, days = dict(SEVEN_DAYS)[TUESDAY], []
    for _, day in SEVEN_DAYS:
        rows = udfs.gpt2_lens_track(TUESDAY, day, -1, catalogue.DEMO)[1:]
        days.append(LosingDay(day, int(rows[-1][3]), _rounded(max(row[2] for row in rows))))
    return [day for day in days if day.token != answer]


def _losing_day(days: Sequence[LosingDay]) -> LosingDay:
    """The best-ranked day that is never likely."""
    return min([day for day in days if day.highest < _NEAR_0] or days, key=lambda day: day.rank)


def _induction(text: str) -> Induction:
    rows = udfs.gpt2_head_scores(text, catalogue.DEMO)[1:]
    strongest = max(rows, key=lambda row: row[4])
    return Induction(text, int(strongest[0]), int(strongest[1]))


def _jedi() -> Jedi:
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
    fluent = next(c for c in _GROWING if JEDI in continued(c) and not _is_obsessed(continued(c)))
    obsessed = next(c for c in _GROWING if _is_obsessed(continued(c)))
    return Jedi(layer, feature, coefficient, high, removal, fluent, obsessed)


def _mood() -> Mood:
    """The best feature of that label, and the smallest coefficient with which it makes Mike angry."""
    found = json.loads(_SAE.read_text(encoding="utf-8"))
    feature = next(int(one["feature"]) for one in found["features"] if one["label"] == _MOOD)
    vector, place = f"sae({found['jedi']['layer']}, {feature})", f"h.{found['jedi']['layer']}"
    for coefficient in _GROWING:
        if _continued(_steering(vector, place, coefficient)).startswith(_ANGRY):
            return Mood(feature, coefficient, _ANGRY)
    raise ValueError(f"no coefficient of feature {feature} makes Mike angry")


def _continued(model: str) -> str:
    """The model's continuation of `Mike is`."""
    return str(udfs.gpt2_generate(MIKE_IS, _CONTINUED_BY, model=model))


def _is_obsessed(text: str) -> bool:
    """Whether a word comes three times in a row."""
    words = text.split()
    return any(len(set(three)) == 1 for three in zip(words, words[1:], words[2:], strict=False))


def _contrast(model: Model) -> Contrast:
    """The place and the coefficient with which ` Jedi` gives a lightsaber, and ` wizard` a wand, most surely."""

    def probability(found: Contrast) -> float:
        shares = (
            _steered(f'contrast("{plus}", "{PHONE}")', f"h.{found.layer}", found.coefficient, (thing,))[0]
            for plus, thing in ((JEDI, LIGHTSABER), (WIZARD, WAND))
        )
        return min(shares)

    layers = range(1, model.config.n_layer // 2)
    return max((Contrast(layer, coefficient) for layer in layers for coefficient in _CONTRASTS), key=probability)


def _pca(model: Model) -> float:
    place = f"h.{model.config.n_layer // 2}"
    positive, negative = ([[text] for text in side] for side in zip(*PAIRS, strict=True))
    vector = udfs.gpt2_direction(positive, negative, place, catalogue.DEMO)
    return _weakest_sure(_Strength(c, _steered(vector, place, c, (LIGHTSABER,))[0]) for c in _PCAS)


def _ablation(model: Model) -> Ablation:
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


def _answer(prompt: str, model: str) -> str:
    return str(udfs.gpt2_predict(prompt, 1, 1, model)[1][1])


def _weight_edit(model: Model) -> WeightEdit:
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


def _fact_edit(model: Model) -> FactEdit:
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


def _greedy() -> Greedy:
    for prompt in CONTINUED:
        text = str(udfs.gpt2_generate(prompt, 30, model=catalogue.DEMO))
        if len(encode(text)) < 30:
            return Greedy(prompt, text)
    raise ValueError("no text in CONTINUED ends within 30 tokens: add another")


def _speculation_seed() -> int:
    """The first seed for which both outcomes are among the proposals of the draft on the tab Speculative decoding."""
    for seed in _SEEDS:
        outcomes = {row[9] for row in udfs.gpt2_speculate(MIKE_IS, 24, None, seed, 1, 4, catalogue.DEMO)[1:]}
        if {"accepted", "rejected"} <= outcomes:
            return seed
    raise ValueError("no seed has proposals both accepted and rejected")


def _weakest_sure(strengths: Iterable[_Strength]) -> float:
    """The first coefficient whose probability is high enough, or else the one with the highest."""
    found = list(strengths)
    return next((s.coefficient for s in found if s.probability > _SURE), max(found, key=lambda s: s.probability)[0])


def _steered(vector: str | Array, place: str, coefficient: float, tokens: Sequence[str]) -> list[float]:
    """The probabilities of these tokens after `PULLS`, with the vector added at every token."""
    model = catalogue.load(_steering(vector, place, coefficient))
    shares = probabilities(forward.unembed(residual_stream(encode(PULLS), model)[-1][-1:], model)[0])
    return [float(shares[encode(token)[0]]) for token in tokens]


def _steering(vector: str | Array, place: str, coefficient: float) -> str:
    """The text of the model with the vector added at every token."""
    return str(udfs.gpt2_steer_model(vector, place, coefficient, "all", catalogue.DEMO))


def _from_the_end(prompt: str, word: str, model: Model) -> Array:
    """How much each head looks from the last token to a word of one token: [n_layer, n_head]."""
    return _attention(prompt, None, word, model)


def _attention(prompt: str, looking: str | None, word: str, model: Model) -> Array:
    """How much each head looks from one word (None: the last token) to another: [n_layer, n_head]."""
    ids, (token,) = encode(prompt), encode(word)
    row = -1 if looking is None else ids.index(encode(looking)[0])
    config = model.config
    patterns = [
        np.reshape(
            udfs.gpt2_residual(prompt, f"h.{layer}.attn.pattern", catalogue.DEMO), (len(ids), config.n_head, len(ids))
        )
        for layer in range(config.n_layer)
    ]  # [n_seq, n_head, n_seq] each
    return np.stack([pattern[row, :, ids.index(token)] for pattern in patterns])


def _task(asked: Sequence[tuple[str, str]], model: Model, method: str) -> Task:
    answers = [encode(answer)[0] for _, answer in asked]
    return Task([encode(prompt) for prompt, _ in asked], answers, model, method)


def _in_order(part: Part) -> tuple[int, bool, int]:
    """Sorts parts as in the forward pass: the heads of a block before its MLP."""
    return part.layer, part.head is None, part.head or 0


def _place_of_largest(values: Array) -> tuple[int, int]:
    layer, head = np.unravel_index(int(values.argmax()), values.shape)
    return int(layer), int(head)


def _rounded(value: float) -> float:
    return round(float(value), 4)


def main() -> None:
    """Writes the file."""
    found = json.dumps(asdict(measure()), indent=2) + "\n"
    reader.FILE.write_text(found, encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main()
