"""The loss of a language model over texts of different lengths, read side by side, and the gradients of its weights.

Shorter texts are padded at their end. No token sees a later one, so the padding changes nothing, and its own loss does
not count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.gradients import Gradients, backward, record

HEAD_ROWS = 64  # rows of logits in memory at a time: 13 MB for GPT-2's vocabulary


def loss_and_gradients(texts: Sequence[Sequence[int]], model: Model, first: int = -1) -> tuple[float, dict[str, Array]]:
    """The mean loss of all tokens but the first of each text, in nats, and the gradients of the weights.

    `first` is the first block whose weights get a gradient; -1 means the embeddings, too.
    """
    inputs, targets = _padded(texts)  # each [n_texts, n_seq]
    unembedding = model[model.config.unembedding]  # [n_vocab, n_embd]
    trace = record(_embedded(inputs, model), model)
    final = trace["ln_final.hook_normalized"]
    counts = targets >= 0
    d_unembedding = np.zeros_like(unembedding) if first < 0 else None
    loss, d_rows = _through_head(final[counts], targets[counts], unembedding, d_unembedding)
    d_final = np.zeros_like(final)
    d_final[counts] = d_rows
    weights: dict[str, Array] = {}
    d_stream = backward(d_final, trace, model, Gradients(loss, weights=weights), max(first, 0))
    if d_unembedding is not None:
        weights[model.config.unembedding] = d_unembedding
        weights["wpe.weight"] = np.zeros_like(model["wpe.weight"])
        weights["wpe.weight"][: inputs.shape[1]] = d_stream.sum(axis=0)
        d_tokens = weights.setdefault("wte.weight", np.zeros_like(model["wte.weight"]))
        np.add.at(d_tokens, inputs.ravel(), d_stream.reshape(-1, d_stream.shape[-1]))
    return loss, weights


def _padded(texts: Sequence[Sequence[int]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The tokens that are read, and the token that should follow each; -1 for padding."""
    longest = max(map(len, texts)) - 1
    inputs, targets = np.zeros((len(texts), longest), np.intp), np.full((len(texts), longest), -1)
    for row, ids in enumerate(texts):
        inputs[row, : len(ids) - 1], targets[row, : len(ids) - 1] = ids[:-1], ids[1:]
    return inputs, targets


def _embedded(inputs: NDArray[np.intp], model: Model) -> Array:
    tokens = model.rows("wte.weight", inputs.ravel().tolist()).reshape(*inputs.shape, -1)
    embedded: Array = tokens + model["wpe.weight"][: inputs.shape[1]]  # [n_texts, n_seq, n_embd]
    return embedded


def _through_head(
    final: Array, targets: NDArray[np.intp], unembedding: Array, d_unembedding: Array | None
) -> tuple[float, Array]:
    """The mean loss of rows `[n_rows, n_embd]` and its gradient; adds that of the unembedding to `d_unembedding`."""
    d_final, total = np.empty_like(final), 0.0
    for start in range(0, len(final), HEAD_ROWS):
        some = slice(start, start + HEAD_ROWS)
        logits = final[some] @ unembedding.T  # [n_rows, n_vocab]
        logits -= logits.max(axis=-1, keepdims=True)
        rows, own = np.arange(len(logits)), targets[some]
        of_own = logits[rows, own].astype(np.float64)
        np.exp(logits, out=logits)
        sums = logits.sum(axis=-1, keepdims=True, dtype=np.float64)
        total += float((np.log(sums[:, 0]) - of_own).sum())
        logits /= (sums * len(final)).astype(logits.dtype)
        logits[rows, own] -= logits.dtype.type(1 / len(final))  # now the gradient of the logits
        d_final[some] = logits @ unembedding
        if d_unembedding is not None:
            d_unembedding += logits.T @ final[some]
    return total / len(final), d_final
