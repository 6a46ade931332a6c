"""The size of a workbook: how many blocks, heads, tokens and channels it has room for."""

from __future__ import annotations

from dataclasses import dataclass

from udfs.backend import catalogue
from udfs.excel_limits import MAX_COLUMNS

_LABEL_COLUMNS = 2
_CHANNELS = 768  # n_embd of GPT-2 small; demo has fewer


@dataclass(frozen=True)
class Shape:
    """The blocks and heads that the tabs show, the rows reserved for tokens, the channels that may be edited."""

    n_layer: int = 12
    n_head: int = 12
    tokens: int = 32
    channels: int = _CHANNELS

    @property
    def late_layer(self) -> int:
        """A late layer, for use in examples."""
        return min(9, self.n_layer - 1)


def shape_of(model: str | None, tokens: int, *, exact: bool = False) -> Shape:
    """The shape that fits a model text; None means 12 blocks of 12 heads, which demo and gpt2 have.

    exact: reserve exactly as many channels as the model has (the default model, if None)

    Raises ValueError if the model is not on this machine or if there is no room for that many tokens.
    """
    shape = Shape(tokens=tokens)
    if exact or model is not None:
        config = catalogue.load(model or catalogue.default_name()).config
        channels = config.n_embd if exact else max(config.n_embd, _CHANNELS)
        shape = Shape(config.n_layer, config.n_head, tokens, channels)
    most = (MAX_COLUMNS - _LABEL_COLUMNS) // shape.n_head - 1  # the patterns of all heads are side by side
    if not 1 <= tokens <= most:
        raise ValueError(f"tokens must be 1 to {most} for {shape.n_head} heads side by side, not {tokens}")
    return shape
