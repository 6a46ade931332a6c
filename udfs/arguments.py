"""The kinds of argument that cell functions take: one converter and one line of help for each.

A function says `layer: arg.Layer`; its body then has a checked `int`. Converters are given the raw value, the
argument's name and the model, because what is allowed depends on the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeAlias

from udfs import cells
from udfs.backend import library, model_text, places, tokenizer
from udfs.backend.arrays import Array
from udfs.backend.model import Model as BackendModel
from udfs.backend.model_text import ModelText
from udfs.cells import CellError


class _LeftOut:
    """The default of an optional argument that has no value of its own."""

    def __repr__(self) -> str:
        return "LEFT_OUT"


LEFT_OUT: Any = _LeftOut()

Convert: TypeAlias = Callable[[object, str, "BackendModel | None"], Any]


@dataclass(frozen=True)
class Kind:
    """How a raw value becomes an argument, and the help that a host shows for it."""

    convert: Convert
    help: str
    takes_blank: bool = False


def _text(raw: object, name: str, model: BackendModel | None) -> str:
    return cells.text(raw, name)


def _model(raw: object, name: str, model: BackendModel | None) -> BackendModel:
    return library.load(cells.text(raw, name))


def _model_text(raw: object, name: str, model: BackendModel | None) -> ModelText:
    parsed = model_text.parse(cells.text(raw, name))
    return replace(parsed, name=parsed.name or library.default_name())


def _prompt(raw: object, name: str, model: BackendModel | None) -> list[int]:
    assert model is not None
    ids = [tokenizer.END_OF_TEXT] * model.bos + tokenizer.encode(cells.text(raw, name))
    if not 1 <= len(ids) <= model.config.n_ctx:
        raise CellError(f"{name} must have 1 to {model.config.n_ctx} tokens for {model.name}, not {len(ids)}")
    return _check_vocabulary(ids, name, model)


def _ids(raw: object, name: str, model: BackendModel | None) -> list[int]:
    n_vocab = model.config.n_vocab if model else tokenizer.N_VOCAB
    array = cells.numbers(raw, name)
    for value in array.ravel().tolist():
        if not value.is_integer() or not 0 <= value < n_vocab:
            raise CellError(f"{name} must be whole numbers 0 to {n_vocab - 1}, not {value:g}")
    return [int(value) for value in array.ravel()]


def _check_vocabulary(ids: list[int], name: str, model: BackendModel) -> list[int]:
    if max(ids) >= model.config.n_vocab:
        token = tokenizer.token_text(max(ids))
        raise CellError(f"{name} has the token {token!r}, which is not in the vocabulary of {model.name}")
    return ids


def _layer(raw: object, name: str, model: BackendModel | None) -> int:
    assert model is not None
    return int(cells.number(raw, name, 0, model.config.n_layer - 1, whole=True, note=f" for {model.name}"))


def _head(raw: object, name: str, model: BackendModel | None) -> int:
    assert model is not None
    return int(cells.number(raw, name, 0, model.config.n_head - 1, whole=True, note=f" for {model.name}"))


def _place(raw: object, name: str, model: BackendModel | None) -> places.Place:
    assert model is not None
    return places.parse_place(cells.text(raw, name), model.config)


def _numbers(raw: object, name: str, model: BackendModel | None) -> Array:
    return cells.numbers(raw, name)


def _residual(raw: object, name: str, model: BackendModel | None) -> Array:
    assert model is not None
    return check_width(cells.numbers(raw, name), name, model.config.n_embd, model)


def _qkv(raw: object, name: str, model: BackendModel | None) -> Array:
    assert model is not None
    return check_width(cells.numbers(raw, name), name, 3 * model.config.n_embd, model)


def check_width(x: Array, name: str, width: int, model: BackendModel) -> Array:
    """The array where it has that many columns and no more rows than the model has positions."""
    if x.shape[1] != width:
        raise CellError(f"{name} must have {width} columns for {model.name}, not {x.shape[1]}")
    if x.shape[0] > model.config.n_ctx:
        raise CellError(f"{name} must have 1 to {model.config.n_ctx} rows for {model.name}, not {x.shape[0]}")
    return x


def _count(raw: object, name: str, model: BackendModel | None) -> int:
    return int(cells.number(raw, name, 1, tokenizer.N_VOCAB, whole=True))


def _index(raw: object, name: str, model: BackendModel | None) -> int:
    return int(cells.number(raw, name, 0, 2**20, whole=True))


def _temperature(raw: object, name: str, model: BackendModel | None) -> float:
    return cells.number(raw, name, 0, 1000)


def _raw(raw: object, name: str, model: BackendModel | None) -> object:
    return raw


_MODEL_HELP = "the model's text from GPT2_MODEL, or a name such as gpt2; blank for the default model"

Text = Annotated[str, Kind(_text, "a text, or the cell that holds it", takes_blank=True)]
Name = Annotated[str, Kind(_text, "a name")]
ModelName = Annotated[ModelText, Kind(_model_text, _MODEL_HELP, takes_blank=True)]
Model = Annotated[BackendModel, Kind(_model, _MODEL_HELP, takes_blank=True)]
Prompt = Annotated[list[int], Kind(_prompt, "the text that the model reads")]
Ids = Annotated[list[int], Kind(_ids, "token ids, one a cell")]
Layer = Annotated[int, Kind(_layer, "the block, counted from 0")]
Head = Annotated[int, Kind(_head, "the attention head, counted from 0")]
Place = Annotated[
    places.Place, Kind(_place, "a place such as h.2, h.2.attn.pattern, h.2.mlp or blocks.2.hook_resid_pre")
]
Numbers = Annotated[Array, Kind(_numbers, "a range of numbers")]
Residual = Annotated[Array, Kind(_residual, "the residual stream: a row a token, n_embd columns")]
Qkv = Annotated[Array, Kind(_qkv, "queries, keys and values side by side: a row a token, 3*n_embd columns")]
Count = Annotated[int, Kind(_count, "how many, at least 1")]
Index = Annotated[int, Kind(_index, "which one, counted from 0")]
Temperature = Annotated[float, Kind(_temperature, "divides the logits: 1 as trained, 0 greedy")]
Cells = Annotated[object, Kind(_raw, "a range of cells", takes_blank=True)]
