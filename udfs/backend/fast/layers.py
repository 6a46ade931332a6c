"""The linear layers of a model, each laid out when it is first used."""

from __future__ import annotations

from functools import partial
from threading import Lock

from udfs.backend.arrays import FLOAT32, Array
from udfs.backend.fast.layout import best_layout
from udfs.backend.fast.linear import TILE, Linear, Plain
from udfs.backend.fast.tile_files import TileFiles
from udfs.backend.fast.tiles import Tiled, tiled
from udfs.backend.gpt2.checkpoint import Tensors

_HEAD = "lm_head"
_WORTH_TILES = 2**18  # weights: smaller ones stay in the fast caches


class Layers:
    """The linear layers of a model by name (`h.0.attn.c_attn`, ..., `lm_head`), each laid out when first asked for.

    The tiles of large layers are kept in `files`, where there are such. An edited model takes the layers that it shares
    with the `original` from there.
    """

    def __init__(self, tensors: Tensors, files: TileFiles | None = None, original: Layers | None = None) -> None:
        self._tensors, self._files, self._original = tensors, files, original
        self._layers: dict[str, Linear] = {}
        self._lock = Lock()

    def edited(self, tensors: Tensors) -> Layers:
        """The layers of these tensors, an edited version of those that these layers were made from."""
        return Layers(tensors, original=self._original or self)

    def __getitem__(self, name: str) -> Linear:
        with self._lock:
            if name not in self._layers:
                self._layers[name] = self._shared(name) or self._laid_out(name)
            return self._layers[name]

    def _shared(self, name: str) -> Linear | None:
        original = self._original
        if original and all(self._tensors.shares(part, original._tensors) for part in _parts(name)):
            return original[name]
        return None

    def _laid_out(self, name: str) -> Linear:
        weight, bias = self._weight(name), self._bias(name)
        layout = best_layout()
        if weight.size < _WORTH_TILES or weight.dtype != FLOAT32 or not layout.tiles:
            return Plain(weight, bias)
        release = partial(self._tensors.release, _parts(name)[0])
        tiles = self._files.tiles(name, weight, release) if self._files else tiled(weight)
        rest = weight[:, len(tiles) * TILE :].copy()
        release()
        return Tiled(tiles, rest, bias, chunks=layout.chunks)

    def _weight(self, name: str) -> Array:
        tensor = self._tensors[_parts(name)[0]]
        return tensor.T if name == _HEAD else tensor

    def _bias(self, name: str) -> Array | None:
        return None if name == _HEAD else self._tensors[f"{name}.bias"]


def _parts(name: str) -> tuple[str, ...]:
    """The tensors of a layer, its weight first."""
    return ("wte.weight",) if name == _HEAD else (f"{name}.weight", f"{name}.bias")
