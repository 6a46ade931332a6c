"""What is true of the bundled demo model, and of no other: its heads, its circuit, the coefficients that steer it.

`recipe/facts.py` measures these facts and writes `facts.json`. Workbooks, tests and texts read them here, so that no
head, feature or coefficient is named in two places. Layers, heads and features count from 0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("facts.json")


@dataclass(frozen=True)
class PronounHead:
    """The head that looks from a pronoun to the name that it means.

    mean_share, least_share: of its attention that goes to the name, over all prompts in `held_out.ALL_REFERENCES`
    """

    layer: int
    head: int
    mean_share: float
    least_share: float


@dataclass(frozen=True)
class Pronouns:
    """How the answer follows the pronoun in `prompts.SHE_MOVES` and `prompts.HE_MOVES`.

    she, he: the two answers
    her_share, his_share: how much the pronoun head looks from each pronoun to its name
    part, factor: a part, and what to multiply its output by, so that SHE_MOVES gets the answer to HE_MOVES; a head, if
        one is enough
    scaled: that answer
    """

    she: str
    he: str
    her_share: float
    his_share: float
    part: str
    factor: float
    scaled: str


@dataclass(frozen=True)
class StreamEdit:
    """One number in the stream that enters block 0 that changes the answer to `prompts.SHE_MOVES`.

    position, channel, value: where the number is, and its new value
    answer, probability: the new answer
    """

    position: int
    channel: int
    value: float
    answer: str
    probability: float


@dataclass(frozen=True)
class DayHead:
    """The head that looks from the end of `If today is Tuesday, tomorrow is` to the day, in the mean over all days."""

    layer: int
    head: int
    mean_share: float


@dataclass(frozen=True)
class Lens:
    """How the answer to `If today is Tuesday, tomorrow is` forms in the logit lens.

    answer_from: the answer is the most likely token from this layer on
    before: the most likely token in the layer before
    rival: the other day with the highest probability after any layer
    rival_highest: that probability
    """

    answer_from: int
    before: str
    rival: str
    rival_highest: float


@dataclass(frozen=True)
class LosingDay:
    """A day that is not the answer: its rank in the end, and its highest probability after any layer."""

    token: str
    rank: int
    highest: float


@dataclass(frozen=True)
class Induction:
    """A text that repeats itself, and the head with the highest induction score for it."""

    text: str
    layer: int
    head: int


@dataclass(frozen=True)
class Circuit:
    """Heads and MLPs that are enough to name the next day, found by `gpt2-excel circuit`.

    crucial: one of them, without which most days come out wrong
    wrong_without: the number of days that come out wrong without it
    """

    parts: tuple[str, ...]
    crucial: str
    wrong_without: int


@dataclass(frozen=True)
class Jedi:
    """The feature for Star Wars of the sparse autoencoder.

    coefficient: with which a phone becomes a lightsaber
    undecided: the smallest whole coefficient with which the lightsaber is as likely as the phone
    removal: the negative coefficient nearest to 0 with which a Jedi pulls out a phone
    fluent: the smallest coefficient with which the text after `Peter is` is about a Jedi
    obsessed: the smallest coefficient with which that text repeats one word again and again
    """

    layer: int
    feature: int
    coefficient: float
    undecided: int
    removal: float
    fluent: float
    obsessed: float

    @property
    def vector(self) -> str:
        """The feature's name in a model text."""
        return f"sae({self.layer}, {self.feature})"

    @property
    def model(self) -> str:
        """The text of the model with the feature added."""
        return f"demo ; add {self.coefficient:g} * {self.vector} to h.{self.layer} at all"


@dataclass(frozen=True)
class Animal:
    """The feature for animals, and a coefficient with which the text after `Peter is` names this one."""

    label: str
    feature: int
    coefficient: float
    word: str


@dataclass(frozen=True)
class Contrast:
    """Where and how strongly ` Jedi` minus ` phone` is added to turn a phone into a lightsaber."""

    layer: int
    coefficient: float


@dataclass(frozen=True)
class Ablation:
    """A part without which a prompt gets a wrong answer.

    part: its name, such as `h.1.attn`
    mean_over: similar prompts, over which the part's mean is taken
    mean_restores: whether the answer is right if the part gives this mean instead of nothing
    """

    part: str
    prompt: str
    answer: str
    mean_over: tuple[str, ...]
    mean_restores: bool


@dataclass(frozen=True)
class WeightEdit:
    """One number of `ln_f.bias` that changes the answer to `Mike pulls out his`.

    index, value: which number, and its new value
    answer: the new answer
    """

    index: int
    value: float
    answer: str


@dataclass(frozen=True)
class FactEdit:
    """A fact that the model knows, another answer to it, and the block whose MLP is edited for that."""

    prompt: str
    subject: str
    answer: str
    layer: int

    @property
    def model(self) -> str:
        """The text of the model with the fact rewritten."""
        return f'demo ; edit h.{self.layer}.mlp so "{self.prompt}" says "{self.answer}" about "{self.subject}"'


@dataclass(frozen=True)
class Greedy:
    """A prompt that the model continues to the end of the text, within 30 tokens."""

    prompt: str
    text: str


@dataclass(frozen=True)
class Facts:
    """Everything in `facts.json`.

    repeated: two texts that repeat themselves
    pca: the coefficient with which this direction turns a phone into a lightsaber
    speculation_seed: a seed with which some proposals of the draft are accepted and others rejected
    """

    pronoun_head: PronounHead
    pronouns: Pronouns
    stream_edit: StreamEdit
    day_head: DayHead
    lens: Lens
    losing_day: LosingDay
    repeated: tuple[Induction, Induction]
    circuit: Circuit
    jedi: Jedi
    animal: Animal
    contrast: Contrast
    pca: float
    ablation: Ablation
    weight_edit: WeightEdit
    fact_edit: FactEdit
    greedy: Greedy
    speculation_seed: int


@cache
def facts() -> Facts:
    """The facts about the installed model."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    circuit = found["circuit"]
    first, second = (Induction(**text) for text in found["repeated"])
    return Facts(
        pronoun_head=PronounHead(**found["pronoun_head"]),
        pronouns=Pronouns(**found["pronouns"]),
        stream_edit=StreamEdit(**found["stream_edit"]),
        day_head=DayHead(**found["day_head"]),
        lens=Lens(**found["lens"]),
        losing_day=LosingDay(**found["losing_day"]),
        repeated=(first, second),
        circuit=Circuit(tuple(circuit["parts"]), circuit["crucial"], circuit["wrong_without"]),
        jedi=Jedi(**found["jedi"]),
        animal=Animal(**found["animal"]),
        contrast=Contrast(**found["contrast"]),
        pca=found["pca"],
        ablation=Ablation(**found["ablation"] | {"mean_over": tuple(found["ablation"]["mean_over"])}),
        weight_edit=WeightEdit(**found["weight_edit"]),
        fact_edit=FactEdit(**found["fact_edit"]),
        greedy=Greedy(**found["greedy"]),
        speculation_seed=found["speculation_seed"],
    )
