"""What a written model can do, computed with Hugging Face's GPT-2 over all 50,257 tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import GPT2LMHeadModel

from udfs.backend.gpt2.tokenizer import decode, encode
from udfs.models.demo.recipe.held_out import ALL_REFERENCES, PROMPTS, ROUGH_PROMPTS, HeldOut
from udfs.models.demo.recipe.visitors import VISITOR_PROMPTS, Visitor
from udfs.models.demo.recipe.vocabulary import END_OF_TEXT

_LONGEST: Final = 256


class Guess(NamedTuple):
    """A token and its probability."""

    token: str
    probability: float


@dataclass(frozen=True)
class Answer:
    """The model's most likely next token for a held-out prompt."""

    asked: HeldOut
    best: Guess

    @property
    def right(self) -> bool:
        """Whether the expected token was predicted, with a probability above 0.5."""
        return self.best.token == self.asked.answer and self.best.probability > 0.5


@dataclass(frozen=True)
class Reply:
    """The model's five most likely next tokens for a visitor's prompt, best first."""

    visitor: Visitor
    guesses: tuple[Guess, ...]

    @property
    def sensible(self) -> bool:
        """Whether the most likely token makes sense."""
        return self.guesses[0].token in self.visitor.sensible


@dataclass(frozen=True)
class PronounHead:
    """A head, and its attention from the last position of each prompt to the right name."""

    layer: int
    head: int
    weights: tuple[float, ...]


class Scores(NamedTuple):
    """One entry for each token of held-out documents, except their first ones.

    losses: the negative log-probability of the token
    confidences: the probability of the token that the model held to be most likely
    hits: whether that was the token
    """

    losses: NDArray[np.float64]
    confidences: NDArray[np.float64]
    hits: NDArray[np.bool_]

    @property
    def perplexity(self) -> float:
        """The exponential of the mean loss."""
        return float(np.exp(self.losses.mean()))


def load(folder: Path) -> GPT2LMHeadModel:
    """The model in a folder, in float32, with attention patterns that can be read."""
    return GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)


def answers(model: GPT2LMHeadModel, prompts: Iterable[HeldOut]) -> list[Answer]:
    """The most likely next token of each prompt."""
    return [Answer(asked, _guesses(model, asked.prompt, 1)[0]) for asked in prompts]


def replies(model: GPT2LMHeadModel) -> list[Reply]:
    """The model's replies to the visitors' prompts."""
    return [Reply(visitor, _guesses(model, visitor.prompt, 5)) for visitor in VISITOR_PROMPTS]


@torch.no_grad()
def _guesses(model: GPT2LMHeadModel, prompt: str, k: int) -> tuple[Guess, ...]:
    probabilities = model(torch.tensor([encode(prompt)])).logits[0, -1].softmax(-1)  # [n_vocab]
    best = probabilities.topk(k)
    return tuple(Guess(decode([int(token)]), float(p)) for p, token in zip(best.values, best.indices, strict=True))


@torch.no_grad()
def pronoun_head(model: GPT2LMHeadModel) -> PronounHead:
    """The head whose smallest attention from a pronoun to its name is the largest."""
    shares = [_to_name(model, item.prompt, item.name) for item in ALL_REFERENCES]
    weights = torch.stack(shares)  # [n_prompts, n_layer, n_head]
    least = weights.amin(0)  # [n_layer, n_head]
    layer, head = divmod(int(least.argmax()), least.shape[1])
    return PronounHead(layer, head, tuple(weights[:, layer, head].tolist()))


def _to_name(model: GPT2LMHeadModel, prompt: str, name: str) -> Tensor:
    """Attention of the last position to the name, by layer and head: [n_layer, n_head]."""
    ids = encode(prompt)
    (position,) = (index for index, token in enumerate(ids) if [token] == encode(name))
    patterns = torch.stack(model(torch.tensor([ids]), output_attentions=True).attentions)  # [layer, 1, head, q, k]
    return patterns[:, 0, :, -1, position]


@torch.no_grad()
def scores(model: GPT2LMHeadModel, documents: Sequence[str], n_tokens: int | None = None) -> Scores:
    """The scores of the documents, up to about `n_tokens` tokens.

    The model reads each document by itself, without `<|endoftext|>` before it, as it reads a prompt in a cell. At most
    256 tokens of a document are read.
    """
    parts, count = [], 0
    for text in documents:
        ids = torch.tensor(encode(text)[:_LONGEST])  # [length]
        log_probabilities = model(ids[None]).logits[0, :-1].log_softmax(-1)  # [length - 1, n_vocab]
        best, token = log_probabilities.max(-1)
        losses = -log_probabilities.gather(1, ids[1:, None])[:, 0]
        parts.append((losses.double().numpy(), best.double().exp().numpy(), (token == ids[1:]).numpy()))
        count += len(losses)
        if n_tokens is not None and count >= n_tokens:
            break
    losses, confidences, hits = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Scores(losses, confidences, hits)


@torch.no_grad()
def continuations(model: GPT2LMHeadModel, prompt: str, n: int, temperature: float, length: int) -> list[str]:
    """Sampled texts that begin with the prompt, with seeds 0, 1, 2, ..."""
    texts = []
    for seed in range(n):
        random, ids = torch.Generator().manual_seed(seed), encode(prompt)
        while len(ids) < length:
            logits = model(torch.tensor([ids])).logits[0, -1] / temperature  # [n_vocab]
            token = int(torch.multinomial(logits.softmax(-1), 1, generator=random))
            if token == END_OF_TEXT:
                break
            ids.append(token)
        texts.append(decode(ids))
    return texts


def summary(model: GPT2LMHeadModel) -> dict[str, object]:
    """For the log: right answers by topic, sensible replies to visitors, and the pronoun head."""
    topics: dict[str, list[bool]] = {}
    for answer in answers(model, (*PROMPTS, *ROUGH_PROMPTS)):
        topics.setdefault(answer.asked.topic, []).append(answer.right)
    found, head = replies(model), pronoun_head(model)
    return {
        "visitors": f"{sum(reply.sensible for reply in found)}/{len(found)}",
        "pronoun head": f"{head.layer}.{head.head} {min(head.weights):.2f}",
        **{topic: f"{sum(right)}/{len(right)}" for topic, right in topics.items()},
    }
