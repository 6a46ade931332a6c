"""Fine-tuning: a model is trained further on a few texts. Plain Adam (Kingma & Ba 2015), with PyTorch's defaults."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.model import Model
from udfs.backend.train.loss import HEAD_ROWS, loss_and_gradients

_BETAS, _EPSILON = (0.9, 0.999), 1e-8
_BATCH_TOKENS = 512  # in one step
_COPIES = 5  # of each trained weight: before and after a step, its gradient, and Adam's two means
_SEED = 0


class Adam:
    """Adam's two running means for each weight; `step` gives the weights after one step."""

    def __init__(self, rate: float) -> None:
        self._rate, self._steps = rate, 0
        self._means: dict[str, tuple[Array, Array]] = {}

    def step(self, weights: dict[str, Array], gradients: dict[str, Array]) -> dict[str, Array]:
        """New arrays; those of `weights` stay as they are."""
        self._steps += 1
        first, second = _BETAS
        return {
            name: self._moved(name, weight, gradients[name], 1 - first**self._steps, 1 - second**self._steps)
            for name, weight in weights.items()
        }

    def _moved(self, name: str, weight: Array, gradient: Array, first_share: float, second_share: float) -> Array:
        mean, square = self._means.setdefault(name, (np.zeros_like(weight), np.zeros_like(weight)))
        mean *= _BETAS[0]
        mean += (1 - _BETAS[0]) * gradient
        square *= _BETAS[1]
        square += (1 - _BETAS[1]) * gradient * gradient
        moved = np.sqrt(square)
        moved /= np.sqrt(second_share)
        moved += _EPSILON
        np.divide(mean, moved, out=moved)
        moved *= -self._rate / first_share
        moved += weight
        return moved


@dataclass(frozen=True)
class Step:
    """One step: its number from 1, the loss of its texts before it, and the model after it."""

    number: int
    loss: float
    model: Model


def trained_names(only: Sequence[str], config: Config) -> list[str]:
    """The tensors that are trained: all, or those whose names begin with one of these, such as `h.11`.

    Raises ModelError for a beginning that no tensor has.
    """
    names = list(config.shapes())
    for beginning in only:
        if not any(_begins(name, beginning) for name in names):
            raise ModelError(
                f"only must be the beginning of a tensor's name, such as h.11 or ln_f, not {quoted(beginning)}"
            )
    return [name for name in names if not only or any(_begins(name, beginning) for beginning in only)]


def _begins(name: str, beginning: str) -> bool:
    return name == beginning or name.startswith(f"{beginning}.")


def texts_of(lines: Sequence[str], model: Model) -> list[list[int]]:
    """The token ids of each line that is not blank, with `<|endoftext|>` after it; longer lines are cut.

    Raises ModelError if there is no text, or if one has a token that the model does not have.
    """
    end = [] if model.tokenizer.end_of_text is None else [model.tokenizer.end_of_text]
    begin, room = end if model.bos else [], model.config.n_ctx
    texts = []
    for line in lines:
        ids = [*begin, *model.tokenizer.encode(line.strip()), *end] if line.strip() else []
        texts += [ids[start : start + room] for start in range(0, len(ids), room)]
    long_enough = [ids for ids in texts if len(ids) > 1]
    if not long_enough:
        raise ModelError("the file must hold at least one line of text")
    if (largest := max(map(max, long_enough))) >= model.config.n_vocab:
        token = model.tokenizer.token_text(largest)
        raise ModelError(f"the file has the token {quoted(token)}, which is not in the vocabulary of {model.name}")
    return long_enough


def bytes_needed(texts: Sequence[Sequence[int]], names: Sequence[str], model: Model) -> int:
    """The memory that training takes at most: the weights, Adam's means, and what a step keeps for the way back."""
    config = model.config
    shapes = config.shapes()
    n_all = sum(int(np.prod(shape)) for shape in shapes.values())
    n_trained = sum(int(np.prod(shapes[name])) for name in names)
    n_seq = max(map(len, texts))
    rows = max(n_seq, _BATCH_TOKENS)
    kept = config.n_layer * rows * (16 * config.n_embd + 4 * config.n_inner + 4 * config.n_head * n_seq)
    return model.dtype.itemsize * (n_all + _COPIES * n_trained + kept + 2 * HEAD_ROWS * config.n_vocab)


def batches(texts: Sequence[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Texts for one step after the other, for ever: all of them in a new order, again and again."""
    order, draw = list(texts), random.Random(_SEED)
    while True:
        draw.shuffle(order)
        batch: list[Sequence[int]] = []
        longest = 0
        for ids in order:
            longest = max(longest, len(ids))
            if batch and longest * (len(batch) + 1) > _BATCH_TOKENS:
                yield batch
                batch, longest = [], len(ids)
            batch.append(ids)
        yield batch


def tune(
    batches: Iterator[Sequence[Sequence[int]]], steps: int, rate: float, names: Sequence[str], model: Model
) -> Iterator[Step]:
    """Trains these tensors, a batch in each step."""
    adam, first = Adam(rate), _first_block(names, model.config)
    weights = {name: np.array(model[name]) for name in names}
    for number in range(1, steps + 1):
        with np.errstate(over="ignore", invalid="ignore"):  # an infinite loss is reported below
            loss, gradients = loss_and_gradients(next(batches), model, first)
        if not np.isfinite(loss):
            raise ModelError(
                f"the loss is no longer a number after step {number - 1}: learning-rate {rate:g} is too large"
            )
        weights = adam.step(weights, gradients)
        tensors = model.tensors.with_changes(weights)
        model = replace(model, tensors=tensors, linears=model.linears.edited(tensors))
        yield Step(number, loss, model)


def mean_loss(texts: Sequence[Sequence[int]], model: Model) -> float:
    """The mean loss of all tokens but the first of each text, in nats."""
    counted = [(len(ids) - 1, loss_and_gradients([ids], model, model.config.n_layer)[0]) for ids in texts]
    return sum(n * loss for n, loss in counted) / sum(n for n, _ in counted)


def _first_block(names: Sequence[str], config: Config) -> int:
    """The first block that is trained; -1 if the embeddings are, `n_layer` if only ln_f is."""
    blocks = [int(name.split(".")[1]) if name.startswith("h.") else -1 for name in names if not name.startswith("ln_f")]
    return min(blocks, default=config.n_layer)
