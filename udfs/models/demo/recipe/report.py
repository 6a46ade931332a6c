"""The report: how the written model completes the held-out prompts, computed with Hugging Face's GPT-2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import GPT2LMHeadModel

from udfs.backend.gpt2.tokenizer import decode, encode
from udfs.models.demo.recipe.held_out import PROMPTS, REFERENCES, ROUGH_PROMPTS, HeldOut
from udfs.models.demo.recipe.visitors import VISITOR_PROMPTS


@dataclass(frozen=True)
class Answer:
    """The model's prediction for a held-out prompt."""

    asked: HeldOut
    predicted: str
    probability: float
    expected_probability: float

    @property
    def right(self) -> bool:
        """Whether the expected token was predicted, with a probability above 0.5."""
        return self.predicted == self.asked.answer and self.probability > 0.5


@dataclass(frozen=True)
class PronounHead:
    """A head, and its attention from the last position of each prompt to the right name."""

    layer: int
    head: int
    weights: tuple[float, ...]


def load(folder: Path) -> GPT2LMHeadModel:
    """The model in a folder, in float32, with attention patterns that can be read."""
    return GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)


@torch.no_grad()
def answers(model: GPT2LMHeadModel, prompts: tuple[HeldOut, ...]) -> list[Answer]:
    """The most likely next token of each prompt, among all 50,257."""
    found = []
    for asked in prompts:
        ids = torch.tensor([encode(asked.prompt)])  # [1, length]
        probabilities = model(ids).logits[0, -1].softmax(-1)  # [n_vocab]
        best = int(probabilities.argmax())
        expected = float(probabilities[encode(asked.answer)[0]])
        found.append(Answer(asked, decode([best]), float(probabilities[best]), expected))
    return found


@torch.no_grad()
def pronoun_head(model: GPT2LMHeadModel) -> PronounHead:
    """The head whose smallest attention from a pronoun to its name is the largest."""
    weights = torch.stack([_to_name(model, item.prompt, item.name) for item in REFERENCES])  # [prompts, layer, head]
    least = weights.amin(0)  # [n_layer, n_head]
    layer, head = divmod(int(least.argmax()), least.shape[1])
    return PronounHead(layer, head, tuple(weights[:, layer, head].tolist()))


def _to_name(model: GPT2LMHeadModel, prompt: str, name: str) -> Tensor:
    """Attention of the last position to the name, by layer and head: [n_layer, n_head]."""
    ids = encode(prompt)
    (position,) = (index for index, token in enumerate(ids) if [token] == encode(name))
    patterns = torch.stack(model(torch.tensor([ids]), output_attentions=True).attentions)  # [layer, 1, head, q, k]
    return patterns[:, 0, :, -1, position]


def markdown(found: list[Answer], head: PronounHead) -> str:
    """The report with its two tables."""
    right = sum(answer.right for answer in found)
    lines = [
        "# The demo model on held-out prompts",
        "",
        f"{right} of {len(found)} held-out prompts are completed as expected, by greedy decoding and with a "
        "probability above 0.5. Made by `python -m udfs.models.demo.recipe` from the written files, with all 50,257 "
        "tokens.",
        "",
        "| topic | prompt | expected | predicted | probability | |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {a.asked.topic} | `{a.asked.prompt}` | `{a.asked.answer}` | `{a.predicted}` | {a.probability:.3f} | "
        f"{'' if a.right else 'wrong'} |"
        for a in found
    ]
    lines += [
        "",
        "## The head that links a pronoun to its name",
        "",
        f"Head {head.head} of layer {head.layer} (both counted from 0) looks from the pronoun at the end to the name "
        "that the pronoun stands for:",
        "",
        "| prompt | name | attention |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{item.prompt}` | `{item.name}` | {weight:.3f} |"
        for item, weight in zip(REFERENCES, head.weights, strict=True)
    ]
    return "\n".join(lines) + "\n"


@torch.no_grad()
def summary(model: GPT2LMHeadModel) -> dict[str, object]:
    """For the log: right answers by topic, sensible answers to visitors, and the pronoun head."""
    found = answers(model, (*PROMPTS, *ROUGH_PROMPTS))
    topics: dict[str, list[bool]] = {}
    for answer in found:
        topics.setdefault(answer.asked.topic, []).append(answer.right)
    best = (int(model(torch.tensor([encode(v.prompt)])).logits[0, -1].argmax()) for v in VISITOR_PROMPTS)
    sensible = sum(decode([token]) in v.sensible for token, v in zip(best, VISITOR_PROMPTS, strict=True))
    head = pronoun_head(model)
    return {
        "right": f"{sum(a.right for a in found[: len(PROMPTS)])}/{len(PROMPTS)}",
        "visitors": f"{sensible}/{len(VISITOR_PROMPTS)}",
        "pronoun head": f"{head.layer}.{head.head} {min(head.weights):.2f}",
        **{topic: f"{sum(right)}/{len(right)}" for topic, right in topics.items()},
    }
