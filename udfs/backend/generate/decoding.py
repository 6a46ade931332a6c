"""Decoding: a text continued token by token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.generate.reader import Reader
from udfs.backend.generate.sampling import RandomNumbers, Sampling, choose
from udfs.backend.gpt2.model import Model


class Step(NamedTuple):
    """One token drawn: the logits before it, `[n_vocab]`, and the random number that chose it."""

    token: int
    logits: Array
    number: float


def steps(
    prompt: Sequence[int], n_tokens: int, model: Model, sampling: Sampling, numbers: RandomNumbers
) -> Iterator[Step]:
    """Draws `n_tokens` tokens, one after the other, or fewer if `<|endoftext|>` comes up, which is then the last.

    Raises ModelError if prompt and continuation together are longer than the model's context.
    """
    check_length(len(prompt), n_tokens, model)
    reader = Reader(prompt, model)
    logits = reader.next_logits()
    for left in range(n_tokens - 1, -1, -1):
        number = numbers()
        token = choose(logits, sampling, number)
        yield Step(token, logits, number)
        if token == model.tokenizer.end_of_text or not left:
            return
        logits = reader.read([token])[-1]


def check_length(n_prompt: int, n_tokens: int, model: Model) -> None:
    """Raises ModelError if a prompt and that many more tokens do not fit into the model's context."""
    n_ctx = model.config.n_ctx
    if n_prompt >= n_ctx:
        raise ModelError(
            f"prompt must have 1 to {n_ctx - 1} tokens so that {model.name} can continue it, not {n_prompt}"
        )
    if n_prompt + n_tokens > n_ctx:
        raise ModelError(
            f"tokens must be 1 to {n_ctx - n_prompt} here, because the prompt has {n_prompt} and {model.name} "
            f"reads at most {n_ctx}; not {n_tokens}"
        )


def without_end(ids: Sequence[int], model: Model) -> list[int]:
    """The tokens before `<|endoftext|>`."""
    end = model.tokenizer.end_of_text
    return list(ids[: ids.index(end)]) if end in ids else list(ids)
