"""Finds the steps of `5_pure_formulas.xlsx` in a running Calc and compares them to the backend's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from openpyxl.utils import get_column_letter

from tests.hosts.calc_host import Calc
from udfs.backend import library
from udfs.backend.forward import trace, unembed
from udfs.backend.tokenizer import encode

Numbers = NDArray[np.float64]

_VALUES = 5  # the column of a band's first value, counted from 1
_WEIGHTS = 4
_ROWS = 900
# Steps of a block, and where TransformerLens says that the backend has them.
_PLACES = {
    0: "hook_resid_pre",
    2: "qkv",
    5: "attn.hook_z",
    6: "hook_attn_out",
    7: "hook_resid_mid",
    9: "mlp.hook_pre",
    10: "mlp.hook_post",
    11: "hook_mlp_out",
    12: "hook_resid_post",
}


class Steps:
    """What stands where in the open workbook."""

    def __init__(self, book: Calc) -> None:
        self._book = book
        labels = book.values("Block 0", f"A1:B{_ROWS}")
        self._bars = {
            str(row[0]): number for number, row in enumerate(labels, start=1) if str(row[0]).startswith("step")
        }
        self._edits = next(number for number, row in enumerate(labels, start=1) if row[1] == "your edits")
        self._ids_row = next(n for n, row in enumerate(book.values("Head", "A1:A99"), start=1) if row[0] == "id") + 1
        rows = [row[0] for row in book.values("Head", f"A{self._ids_row}:A9999")]
        self.ids = [int(x) for x in rows[: rows.index("")]]
        self._tensors = {row[0]: number for number, row in enumerate(book.values("Weights 3", "A1:A999"), start=1)}

    def next_token(self) -> str:
        """The answer on the tab Prompt."""
        return str(next(value for label, value in self._book.values("Prompt", "A1:B20") if label == "Next token"))

    def step(self, layer: int, number: int, rows: int, width: int = 84) -> Numbers:
        """The first rows of a step's values."""
        header_rows = 2 if number in (2, 5) else 1
        first = self._bars[f"step {number}"] + header_rows + 1
        right = get_column_letter(_VALUES + width - 1)
        cells = f"E{first}:{right}{first + rows - 1}"
        return np.array(self._book.values(f"Block {layer}", cells), dtype=np.float64)

    def logits(self) -> Numbers:
        """The logits of `ids`."""
        return self._head("C")

    def probabilities(self) -> Numbers:
        """The probabilities of `ids`."""
        return self._head("E")

    def edit(self, position: int, channel: int) -> str:
        """The input cell over a value of a block's stream; all blocks look alike."""
        return f"{get_column_letter(_VALUES + channel)}{self._edits + 2 + position}"

    def weight(self, parameter: str, row: int, column: int) -> str:
        """The cell of a weight."""
        return f"{get_column_letter(_WEIGHTS + column)}{self._tensors[parameter] + 2 + row}"

    def _head(self, column: str) -> Numbers:
        last = self._ids_row + len(self.ids) - 1
        return np.array(self._book.values("Head", f"{column}{self._ids_row}:{column}{last}"), dtype=np.float64)[:, 0]


class Difference(NamedTuple):
    """The largest difference from the backend in a step, and the largest of the backend's values there."""

    largest: float
    of: float


def differences(steps: Steps, prompt: str) -> dict[str, Difference]:
    """How far each step of each block, the logits and the probabilities are from the backend's."""
    ids, model = encode(prompt), library.load(library.DEMO)
    seen = trace(ids, model)
    found = {}
    for layer in range(12):
        for number, place in _PLACES.items():
            expected = _expected(seen, layer, place)
            computed = steps.step(layer, number, *expected.shape)
            found[f"block {layer} step {number}"] = _difference(computed, expected)
    logits = np.asarray(unembed(seen["blocks.11.hook_resid_post"], model)[-1], np.float64)
    shares = np.exp(logits - logits.max())
    found["logits"] = _difference(steps.logits(), logits[steps.ids])
    found["probabilities"] = _difference(steps.probabilities(), shares[steps.ids] / shares.sum())
    return found


def _difference(computed: Numbers, expected: Numbers) -> Difference:
    return Difference(float(np.abs(computed - expected).max()), float(np.abs(expected).max()))


def _expected(seen: dict[str, Any], layer: int, place: str) -> Numbers:
    def at(name: str) -> Numbers:
        return np.asarray(seen[f"blocks.{layer}.{name}"], np.float64)

    if place == "qkv":
        return np.hstack([_joined(at(f"attn.hook_{x}")) for x in "qkv"])
    return _joined(at(place)) if place == "attn.hook_z" else at(place)


def _joined(heads: Numbers) -> Numbers:
    """Heads side by side: [n_head, n_seq, d_head] -> [n_seq, n_embd]."""
    return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)
