"""The linear layers of a model, each prepared when it is first used."""

from __future__ import annotations

from functools import partial
from threading import Lock

from udfs.backend import system
from udfs.backend.arrays import FLOAT32, Array
from udfs.backend.fast.blas import has_avx512_kernel, limit_blas
from udfs.backend.fast.linear import Linear
from udfs.backend.fast.repeated import RepeatedLinear, different_columns
from udfs.backend.fast.tile_files import TileFiles
from udfs.backend.fast.tiles import TiledLinear, tiled
from udfs.backend.gpt2.checkpoint import Tensors

_HEAD = "lm_head"
_WORTH_TILES = 2**18  # weights; fewer stay in the processor's cache


class Linears:
    """Linear layers by checkpoint name (`h.0.attn.c_attn`, ..., `lm_head`).

    `files` keeps the tiles of large layers. The layers of an edited model are those of its `original` wherever the
    edits leave a layer's tensors alone.
    """

    def __init__(self, tensors: Tensors, files: TileFiles | None = None, original: Linears | None = None) -> None:
        limit_blas()
        self._tensors, self._files, self._original = tensors, files, original
        self._layers: dict[str, Linear] = {}
        self._lock = Lock()

    def edited(self, tensors: Tensors) -> Linears:
        """The linear layers of an edited version of these tensors."""
        return Linears(tensors, original=self._original or self)

    def __getitem__(self, name: str) -> Linear:
        with self._lock:
            if name not in self._layers:
                self._layers[name] = self._shared(name) or self._prepared(name)
            return self._layers[name]

    def _shared(self, name: str) -> Linear | None:
        original = self._original
        if original and all(self._tensors.shares(part, original._tensors) for part in self._parts(name)):
            return original[name]
        return None

    def _prepared(self, name: str) -> Linear:
        weight_name, *bias_name = self._parts(name)
        if name == _HEAD:
            return self._unembedding(self._tensors[weight_name].T, weight_name)
        bias = self._tensors[bias_name[0]] if bias_name else None
        return self._product(name, weight_name, self._tensors[weight_name], bias)

    def _unembedding(self, weight: Array, weight_name: str) -> Linear:
        found = different_columns(weight)
        if found is None:
            return self._product(_HEAD, weight_name, weight)
        different, places = found
        return RepeatedLinear(weight, self._product(_HEAD, weight_name, different), places)

    def _product(self, name: str, weight_name: str, weight: Array, bias: Array | None = None) -> Linear:
        if weight.size < _WORTH_TILES or weight.dtype != FLOAT32 or not has_avx512_kernel():
            return Linear(weight, bias)
        release = partial(self._tensors.release, weight_name)
        tiles = self._files.tiles(name, weight, release) if self._files else tiled(weight)
        layer = TiledLinear(weight, tiles, bias, for_single_rows=system.has_amd_processor())
        release()  # if the layer multiplies single rows with the weight, the first one brings it back into memory
        return layer

    def _parts(self, name: str) -> tuple[str, ...]:
        """The tensors of a layer, its weight first. In GPT-2, the token embedding is the unembedding, too."""
        if name != _HEAD:
            return f"{name}.weight", f"{name}.bias"
        own = f"{_HEAD}.weight"
        return (own if own in self._tensors else "wte.weight",)
