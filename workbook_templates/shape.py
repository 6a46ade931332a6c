"""How large a workbook is: the tabs, heads and rows that it has room for."""

from __future__ import annotations

from dataclasses import dataclass

from udfs.backend import catalogue

_SHEET_COLUMNS = 16_384
_LABEL_COLUMNS = 2
_CHANNELS = 768  # n_embd of GPT-2 small; demo has fewer


@dataclass(frozen=True)
class Shape:
    """Blocks and heads that the tabs show, rows that are reserved for tokens, channels that may be edited."""

    n_layer: int = 12
    n_head: int = 12
    tokens: int = 32
    channels: int = _CHANNELS

    @property
    def late_layer(self) -> int:
        """A layer that examples may name."""
        return min(9, self.n_layer - 1)


def shape_of(model: str | None, tokens: int, *, exact: bool = False) -> Shape:
    """The shape that fits a model text; None stands for a model with 12 blocks of 12 heads, as demo and gpt2 have.

    exact: with as many channels as the model has, for None the default model, and no more

    Raises ValueError where the model is not on this machine or so many tokens have no room.
    """
    shape = Shape(tokens=tokens)
    if exact or model is not None:
        config = catalogue.load(model or catalogue.default_name()).config
        channels = config.n_embd if exact else max(config.n_embd, _CHANNELS)
        shape = Shape(config.n_layer, config.n_head, tokens, channels)
    most = (_SHEET_COLUMNS - _LABEL_COLUMNS) // shape.n_head - 1  # all heads' patterns stand side by side
    if not 1 <= tokens <= most:
        raise ValueError(f"tokens must be 1 to {most} where {shape.n_head} heads stand side by side, not {tokens}")
    return shape
