"""The steps of `5_pure_formulas.xlsx`: from a running Calc, from the backend, and from a reference in float64."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from openpyxl.utils import get_column_letter

from tests import float64_forward
from tests.hosts.calc_host import Calc
from tests.whole_pass import trace
from udfs.backend import catalogue
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.tokenizer import N_VOCAB, encode

Numbers = NDArray[np.float64]
Values = dict[str, Numbers]  # of each step, which has a row for each token

_VALUES = 5  # the column of a band's first value, counted from 1
_WEIGHTS = 4
_ROWS = 900
_WEIGHTS_ROWS = 7  # the matrices of a block have that many rows for each channel
_BESIDE = 1  # blank columns after each head's scores or pattern
# The steps of a block, and TransformerLens's name for each.
_PLACES = (
    ("hook_resid_pre",),
    ("ln1.hook_normalized",),
    ("attn.hook_q", "attn.hook_k", "attn.hook_v"),
    ("attn.hook_attn_scores",),
    ("attn.hook_pattern",),
    ("attn.hook_z",),
    ("hook_attn_out",),
    ("hook_resid_mid",),
    ("ln2.hook_normalized",),
    ("mlp.hook_pre",),
    ("mlp.hook_post",),
    ("hook_mlp_out",),
    ("hook_resid_post",),
)
_MASKED = -1e29  # scores below it are masked
_TOKEN_BY_TOKEN = (3, 4)  # steps that have, for each head, a column for each reserved token


class Steps:
    """Finds values in the open workbook of a model, by default of the demo model."""

    def __init__(self, book: Calc, config: Config | None = None) -> None:
        self._book = book
        self._config = config or catalogue.load(catalogue.DEMO).config
        labels = book.values("Block 0", f"A1:B{_ROWS}")
        bars = [number for number, row in enumerate(labels, start=1) if str(row[0]).startswith("step")]
        titles = [number for number, row in enumerate(labels, start=1) if row[0] == "position"]
        self._first_rows = [1 + next(title for title in titles if title > bar) for bar in bars]
        self._edits = next(number for number, row in enumerate(labels, start=1) if row[1] == "your edits")
        self._ids_row = next(n for n, row in enumerate(book.values("Head", "A1:A99"), start=1) if row[0] == "id") + 1
        rows = [row[0] for row in book.values("Head", f"A{self._ids_row}:A{self._ids_row + N_VOCAB}")]
        self.ids = [int(x) for x in rows[: rows.index("")]]
        weights = book.values("Weights 0", f"A1:B{_WEIGHTS_ROWS * self._config.n_embd + 100}")
        self._tensors = {
            str(row[0]).partition(".0.")[2]: number + 2 + (weights[number + 1][1] == "scale")
            for number, row in enumerate(weights, start=1)
            if str(row[0]).startswith("h.0.")
        }
        self._room = int(book.named("room")[0][0])

    def next_token(self) -> str:
        """The answer on the tab Prompt."""
        return str(next(value for label, value in self._book.values("Prompt", "A1:B20") if label == "Next token"))

    def step(self, layer: int, number: int, rows: int, width: int | None = None) -> Numbers:
        """The first rows of a step's values, with 0 for tokens that a token does not see. The usual width is n_embd."""
        width = self._config.n_embd if width is None else width
        heads = width // rows  # of the steps that have a column for each token
        first = self._first_rows[number]
        columns = heads * (self._room + _BESIDE) if number in _TOKEN_BY_TOKEN else width
        cells = f"E{first}:{get_column_letter(_VALUES + columns - 1)}{first + rows - 1}"
        table = self._book.values(f"Block {layer}", cells)
        values = np.array([[0 if x == "" else x for x in row] for row in table], dtype=np.float64)
        values[values <= _MASKED] = 0
        if number in _TOKEN_BY_TOKEN:
            values = values.reshape(rows, heads, -1)[:, :, :rows]  # -> [n_seq, n_head, n_seq]
        return values.reshape(rows, width)

    def logits(self) -> Numbers:
        """The logits of `ids`."""
        return self._head("C")

    def values(self, like: Mapping[str, Numbers], layers: Iterable[int] | None = None) -> Values:
        """The values of these blocks, by default of all, and of the head, in the same shape as `like` has them."""
        found = {
            name: self.step(layer, number, *like[name].shape)
            for layer in (range(self._config.n_layer) if layers is None else layers)
            for number, name in enumerate(_names(layer))
        }
        return found | {"logits": self.logits(), "probabilities": self._head("E")}

    def edit(self, position: int, channel: int) -> str:
        """The input cell that replaces a value of a block's stream. All blocks have the same layout."""
        return f"{get_column_letter(_VALUES + channel)}{self._edits + 2 + position}"

    def weight(self, parameter: str, row: int, column: int) -> str:
        """The cell of a weight, such as `mlp.c_fc.weight`. All blocks have the same layout."""
        return f"{get_column_letter(_WEIGHTS + column)}{self._tensors[parameter] + row}"

    def _head(self, column: str) -> Numbers:
        last = self._ids_row + len(self.ids) - 1
        return np.array(self._book.values("Head", f"{column}{self._ids_row}:{column}{last}"), dtype=np.float64)[:, 0]


def in_float64(prompt: str, listed: Sequence[int]) -> Values:
    """The demo model's values in float64, with the logits and probabilities of the listed tokens."""
    config = catalogue.load(catalogue.DEMO).config
    return with_weights(prompt, listed, config, float64_forward.weights(catalogue.find(catalogue.DEMO)))


def with_weights(prompt: str, listed: Sequence[int], config: Config, weights: float64_forward.Weights) -> Values:
    """The same values of any model, from its weights in float64."""
    seen = float64_forward.trace(encode(prompt), weights, config.n_layer, config.n_head)
    return _values(seen, seen["logits"], listed)


def in_backend(prompt: str, listed: Sequence[int], text: str) -> Values:
    """The backend's values with that model text: in float32, or in float64 if the text says so."""
    model = catalogue.load(text)
    seen = trace(encode(prompt), model)
    return _values(seen, forward.unembed(seen["blocks.11.hook_resid_post"], model)[-1], listed)


class Difference(NamedTuple):
    """The largest difference in a step, and the step's largest value."""

    largest: float
    of: float

    @property
    def share(self) -> float:
        return self.largest / self.of


def differences(values: Mapping[str, Numbers], expected: Mapping[str, Numbers]) -> dict[str, Difference]:
    """How far each step is from the expected values."""
    return {
        name: Difference(float(np.abs(values[name] - there).max()), float(np.abs(there).max()))
        for name, there in expected.items()
    }


def _names(layer: int) -> list[str]:
    return [f"block {layer} step {number}" for number in range(len(_PLACES))]


def _values(seen: Mapping[str, NDArray[np.floating]], logits: NDArray[np.floating], listed: Sequence[int]) -> Values:
    n_layer = sum(name.endswith(".hook_resid_pre") for name in seen)
    found = {
        name: np.hstack([_row_a_token(seen[f"blocks.{layer}.{place}"]) for place in places])
        for layer in range(n_layer)
        for name, places in zip(_names(layer), _PLACES, strict=True)
    }
    shares = float64_forward.softmax(logits.astype(np.float64))
    return found | {"logits": logits[listed].astype(np.float64), "probabilities": shares[listed]}


def _row_a_token(values: NDArray[np.floating]) -> Numbers:
    """A row for each token, in float64, with heads side by side and 0 for tokens that a token does not see."""
    flat = float64_forward.join_heads(values) if values.ndim == 3 else values
    return np.where(np.isneginf(flat), 0, flat).astype(np.float64)
