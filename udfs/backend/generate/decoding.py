"""Text, token by token: each new token is read once, with what attention keeps of those before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.generate.kv_cache import KeyValues
from udfs.backend.generate.random_numbers import RandomNumbers
from udfs.backend.generate.sampling import Sampling, distribution, draw, next_logits
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import END_OF_TEXT
from udfs.backend.interpret.runs import run


class Reader:
    """A model in the middle of a text: what it has read, and the logits of what comes next.

    Reading on leaves what is kept of the prompt as it is, so that others can go on from there too.
    """

    def __init__(self, prompt: Sequence[int], model: Model) -> None:
        known = run(prompt, model)
        self._model = model
        self._past: KeyValues = known.past.copy(len(prompt), model.config.n_layer)
        self._last: Array = known.stream[-1][-1:]  # [1, n_embd]

    @property
    def n_read(self) -> int:
        """Tokens read so far, those of the prompt among them."""
        return self._past.n_seq

    def next_logits(self) -> Array:
        """Logits of the next token, `[n_vocab]`."""
        logits: Array = next_logits(self._last, self._model)[0]
        return logits

    def read(self, ids: Sequence[int]) -> Array:
        """Reads further tokens; the logits after each of them, `[len(ids), n_vocab]`."""
        residual = forward.forward(ids, self._model, past=self._past)  # -> [len(ids), n_embd]
        self._last = residual[-1:]
        return next_logits(residual, self._model)

    def go_back(self, n_read: int) -> None:
        """Forgets all but the first tokens. What comes next is known again when another token is read."""
        self._past.forget(n_read)


@dataclass(frozen=True, eq=False)
class Step:
    """One token drawn: the logits before it `[n_vocab]`, and the random number that chose it."""

    token: int
    logits: Array
    number: float


def steps(
    prompt: Sequence[int], n_tokens: int, model: Model, sampling: Sampling, numbers: RandomNumbers
) -> Iterator[Step]:
    """Draws token after token: as many as are asked for, or up to `<|endoftext|>`, which is then the last.

    Raises ModelError where prompt and continuation are longer than the model's context.
    """
    check_length(len(prompt), n_tokens, model)
    reader = Reader(prompt, model)
    logits = reader.next_logits()
    for left in range(n_tokens - 1, -1, -1):
        number = numbers()
        token = draw(distribution(logits, sampling), number)
        yield Step(token, logits, number)
        if token == END_OF_TEXT or not left:
            return
        logits = reader.read([token])[-1]


def check_length(n_prompt: int, n_tokens: int, model: Model) -> None:
    """ModelError where a prompt and that many tokens more do not fit into the model's context."""
    n_ctx = model.config.n_ctx
    if n_prompt >= n_ctx:
        raise ModelError(f"prompt must have 1 to {n_ctx - 1} tokens for {model.name} to go on, not {n_prompt}")
    if n_prompt + n_tokens > n_ctx:
        raise ModelError(
            f"tokens must be 1 to {n_ctx - n_prompt} here, as the prompt has {n_prompt} and {model.name} reads {n_ctx}"
            f" in all, not {n_tokens}"
        )


def without_end(ids: Sequence[int]) -> list[int]:
    """The tokens before `<|endoftext|>`."""
    return list(ids[: ids.index(END_OF_TEXT)]) if END_OF_TEXT in ids else list(ids)
