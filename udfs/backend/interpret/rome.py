"""A fact rewritten: the rank-one edit of one MLP after which a prompt has another answer (ROME).

An MLP's second layer is read as a memory: its input at the subject's last token is the key, its output there the value.
The edit puts another value under that key, and as little as possible under the other keys:

    W + (C^-1 k) d^T / (k^T C^-1 k),    k the key, d the change of the value, C the second moment of all keys

k is a mean over several texts before the prompt. d is found by gradient ascent on the answer's log-probability. C comes
from texts that the model itself writes.

Source: Meng, Bau, Andonian and Belinkov 2022, "Locating and Editing Factual Associations in GPT".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.prompts import prompt_ids
from udfs.backend.interpret.gradients import Gradients, backward, from_last_tokens, log_probability, record
from udfs.backend.interpret.own_texts import TOKENS, own_texts
from udfs.backend.result_cache import Cache, content_key
from udfs.backend.stream import block, quick_block

_TOKENS_PER_UNIT = 2  # of the model's own texts, for each hidden unit of an MLP
_RIDGE = 1e-2  # times the mean of C's diagonal, added to it
_PREFIXES, _PREFIX = 5, 6  # texts before the prompt, and their tokens
_STEPS, _RATE = 25, 0.1  # of Adam; the rate in lengths of the stream
_ENOUGH = 0.1  # nats: the answer is all but certain

_kept = Cache()


class Fact(NamedTuple):
    """What the edit is to achieve: the prompt, the position of the subject's last token, and the answer."""

    ids: Sequence[int]
    subject: int
    answer: int


def fact(prompt: str, subject: str, answer: str, model: Model) -> Fact:
    """The fact for these texts; a blank subject is the last token of the prompt.

    Raises ModelError if the prompt does not contain the subject, or if the answer is not one token.
    """
    ids, (token, *more) = prompt_ids(prompt, model), prompt_ids(answer, model, "answer", bos=False)
    if more:
        raise ModelError(f"answer must be one token, not {1 + len(more)}: {quoted(answer)}")
    if not subject.strip():
        return Fact(ids, len(ids) - 1, token)
    start = prompt.rfind(subject)
    if start < 0:
        raise ModelError(f"subject must be a part of the prompt {quoted(prompt)}, not {quoted(subject)}")
    begin = len(ids) - len(model.tokenizer.encode(prompt))  # after <|endoftext|>, if the model reads that
    stop = start + len(subject.rstrip())
    last = next(at for at in range(begin, len(ids)) if len(model.tokenizer.decode(ids[begin : at + 1])) >= stop)
    return Fact(ids, last, token)


def edited_weight(of: Fact, layer: int, model: Model) -> Array:
    """The weight of the MLP's second layer with the fact rewritten: `[n_inner, n_embd]`. It is kept."""

    def compute() -> Array:
        runs = _runs(of, layer, model)
        key = np.concatenate([group.keys for group in runs]).mean(axis=0, dtype=np.float64)  # [n_inner]
        change = _change_of_value(runs, of.answer, layer, model)  # [n_embd]
        direction = np.linalg.solve(_second_moment(layer, model), key)  # [n_inner]
        weight = model[f"h.{layer}.mlp.c_proj.weight"]
        edited: Array = (weight + np.outer(direction / (key @ direction), change)).astype(weight.dtype)
        return edited

    found: Array = _kept.get(("weight", content_key(of), layer, model.fingerprint), compute)
    return found


def _runs(of: Fact, layer: int, model: Model) -> list[_Runs]:
    """The prompt by itself, and after several texts."""
    return [
        _Runs([[*prefix, *of.ids] for prefix in prefixes], len(prefixes[0]) + of.subject, layer, model)
        for prefixes in _prefixes(of, model)
    ]


class _Runs:
    """Texts of equal length that end with the prompt: their keys at the subject, and the stream after the block."""

    def __init__(self, texts: Sequence[Sequence[int]], subject: int, layer: int, model: Model) -> None:
        self.subject = subject
        residual = np.stack([forward.embed(ids, model) for ids in texts])  # [n_texts, n_seq, n_embd]
        for earlier in range(layer):
            residual = quick_block(earlier, residual, model)
        seen: dict[str, Array] = {}

        def hook(place: str, value: Array) -> Array:
            if place.endswith(("mlp.hook_post", "hook_mlp_out")):
                seen[place] = value[:, subject]
            return value

        self.stream = block(layer, residual, model, hook)
        self.keys = seen[f"blocks.{layer}.mlp.hook_post"]  # [n_texts, n_inner]
        self.values = seen[f"blocks.{layer}.hook_mlp_out"]  # [n_texts, n_embd]

    def losses(self, change: Array, answer: int, layer: int, model: Model) -> tuple[list[float], Array]:
        """The answer's negative log-probability after each text with a changed value, and the gradients.

        The gradients are those with respect to the change: `[n_texts, n_embd]`.
        """
        stream = self.stream.copy()
        stream[:, self.subject] += change.astype(stream.dtype)
        trace = record(stream, model, layer + 1)
        gains, d_final = from_last_tokens(trace, [log_probability(answer)] * len(stream), model)
        slopes = backward(-d_final, trace, model, Gradients(0.0), layer + 1)[:, self.subject]
        return [-gain for gain in gains], slopes


def _change_of_value(runs: Sequence[_Runs], answer: int, layer: int, model: Model) -> Array:
    """The change of the value that makes the answer likely after every text, by Adam: `[n_embd]`."""
    change = np.zeros(model.config.n_embd)
    mean, square = np.zeros_like(change), np.zeros_like(change)
    length = float(np.linalg.norm(runs[0].stream[0, runs[0].subject]))
    rate = _RATE * length / math.sqrt(len(change))
    for step in range(1, _STEPS + 1):
        losses, slopes = zip(*(group.losses(change, answer, layer, model) for group in runs), strict=True)
        if np.mean(np.concatenate(losses)) < _ENOUGH:
            break
        gradient = np.concatenate(slopes).mean(axis=0, dtype=np.float64)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        change -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-12)
    return change


def _prefixes(of: Fact, model: Model) -> list[list[list[int]]]:
    """What comes before the prompt, by length: nothing, and beginnings of the model's own texts, a full stop each."""
    if model.config.n_ctx < len(of.ids) + _PREFIX + 1:
        return [[[]]]
    stop = model.tokenizer.encode(".")[:1]
    return [[[]], [[*ids[:_PREFIX], *stop] for ids in _own_texts(model)[:_PREFIXES]]]


def _second_moment(layer: int, model: Model) -> Array:
    """The mean of k k^T over the tokens of the model's own texts, with a ridge: `[n_inner, n_inner]`, float64."""

    def compute() -> Array:
        residual = np.stack([forward.embed(ids, model) for ids in _own_texts(model)])
        seen: list[Array] = []

        def hook(place: str, value: Array) -> Array:
            if place == f"blocks.{layer}.mlp.hook_post":
                seen.append(value[:, 1:])  # the keys of the first token differ from all others
            return value

        for earlier in range(layer):
            residual = quick_block(earlier, residual, model)
        block(layer, residual, model, hook)
        keys = seen[0].reshape(-1, seen[0].shape[-1]).astype(np.float64)
        moment = keys.T @ keys / len(keys)
        moment[np.diag_indices_from(moment)] += _RIDGE * moment.trace() / len(moment)
        return moment

    found: Array = _kept.get(("moment", layer, model.fingerprint_before(layer + 1)), compute)
    return found


def _own_texts(model: Model) -> list[list[int]]:
    """The model's own texts, long enough together for the keys of one of its MLPs."""
    return own_texts(model, -(-_TOKENS_PER_UNIT * model.config.n_inner // TOKENS))
