"""The linear layers of a model, each laid out when it is first used."""

from __future__ import annotations

from threading import Lock

from udfs.backend.checkpoint import Tensors
from udfs.backend.layout import best_layout
from udfs.backend.linear import Linear, is_small


class Layers:
    """The linear layers of a model by name (`h.0.attn.c_attn`, ..., `lm_head`), each laid out when first asked for.

    An edited model takes the layers that it shares with the `original` from there.
    """

    def __init__(self, tensors: Tensors, original: Layers | None = None) -> None:
        self._tensors, self._original = tensors, original
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
        if name == "lm_head":
            return Linear(self._tensors["wte.weight"].T, None, best_layout())
        weight, bias = (self._tensors[part] for part in _parts(name))
        layer = Linear(weight, bias, "plain" if is_small(weight) else best_layout())
        if layer.has_own_copy:
            self._tensors.release(f"{name}.weight")
        return layer


def _parts(name: str) -> tuple[str, ...]:
    return ("wte.weight",) if name == "lm_head" else (f"{name}.weight", f"{name}.bias")
