"""The kinds of argument that cell functions take: one converter and one line of help for each.

A function says `layer: arg.Layer`; its body then has a checked `int`. Converters are given the raw value, the
argument's name and the model, because what is allowed depends on the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeAlias

import numpy as np

from udfs import cells
from udfs.backend import catalogue, model_text
from udfs.backend.arrays import FLOAT32, FLOAT64, Array
from udfs.backend.errors import ModelError
from udfs.backend.generate.sampling import DEFAULT_SEED, MAX_SEED
from udfs.backend.gpt2 import additions, tokenizer
from udfs.backend.gpt2.model import Model as BackendModel
from udfs.backend.gpt2.prompts import prompt_ids
from udfs.backend.interpret import circuits, patching, places
from udfs.backend.interpret.steering_vectors import Numbers as PackedNumbers
from udfs.backend.interpret.steering_vectors import Vector as BackendVector
from udfs.backend.interpret.steering_vectors import parse_vector
from udfs.backend.model_text import ModelText
from udfs.cells import CellError


class _LeftOut:
    """The default of an optional argument that has no value of its own."""

    def __repr__(self) -> str:
        return "LEFT_OUT"


LEFT_OUT: Any = _LeftOut()

ALL = "all"  # instead of a position
_MAX_READ_BYTES = 2**30
SHOWS = tuple(what + more for more in ("", ", halves") for what in ("tokens", "probabilities", "both"))

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
    return catalogue.load(cells.text(raw, name))


def _model_text(raw: object, name: str, model: BackendModel | None) -> ModelText:
    parsed = model_text.parse(cells.text(raw, name))
    return replace(parsed, name=parsed.name or catalogue.default_name())


def _prompt(raw: object, name: str, model: BackendModel | None) -> list[int]:
    assert model is not None
    return prompt_ids(cells.text(raw, name), model, name)


def _prompts(raw: object, name: str, model: BackendModel | None) -> list[list[int]]:
    assert model is not None
    prompts = [prompt_ids(cells.text(value, name), model, name) for value in _filled(raw, name)]
    n_tokens, allowed = sum(map(len, prompts)), _most_tokens(model)
    if n_tokens > allowed:
        raise CellError(f"{name} must have at most {allowed} tokens together for {model.name}, not {n_tokens}")
    return prompts


def _most_tokens(model: BackendModel) -> int:
    """How many tokens may be read for one call: the stream, keys and values of all layers are kept for each."""
    n_bytes = model.dtype.itemsize * model.config.n_embd * (3 * model.config.n_layer + 1)
    return max(2 * model.config.n_ctx, _MAX_READ_BYTES // n_bytes)


def _ids(raw: object, name: str, model: BackendModel | None) -> list[int]:
    n_vocab = model.config.n_vocab if model else tokenizer.N_VOCAB
    array = cells.numbers(raw, name)
    if array.size > tokenizer.N_VOCAB:
        raise CellError(f"{name} must be at most {tokenizer.N_VOCAB} cells, not {array.size}")
    for value in array.ravel().tolist():
        if not value.is_integer() or not 0 <= value < n_vocab:
            raise CellError(f"{name} must be whole numbers 0 to {n_vocab - 1}, not {value:.15g}")
    return [int(value) for value in array.ravel()]


def _token(raw: object, name: str, model: BackendModel | None) -> int:
    assert model is not None
    return token_id(cells.single(raw, name), name, model)


def _answers(raw: object, name: str, model: BackendModel | None) -> list[int]:
    assert model is not None
    return [token_id(cells.single(value, name), name, model) for value in _filled(raw, name)]


def token_id(value: object, name: str, model: BackendModel) -> int:
    """A token given as its text or as its id."""
    if not isinstance(value, str):
        return _ids(value, name, model)[0]
    ids = tokenizer.encode(value)
    if len(ids) == 1:
        return _check_vocabulary(ids, name, model)[0]
    parts = " + ".join(repr(tokenizer.token_text(token)) for token in ids[:8])
    hint = ""
    if len(tokenizer.encode(f" {value}")) == 1:
        hint = f"; with a space before it, {f' {value}'!r}, it is one"
    raise CellError(f"{name} must be one token, not {len(ids)}: {parts}{', ...' if len(ids) > 8 else ''}{hint}")


def _texts(raw: object, name: str, model: BackendModel | None) -> list[int]:
    """Tokens given as ids or as texts, each text all its tokens."""
    assert model is not None
    ids: list[int] = []
    for value in _filled(raw, name):
        single = cells.single(value, name)
        ids += tokenizer.encode(single) if isinstance(single, str) else _ids(single, name, model)
    return _check_vocabulary(ids, name, model)


def _filled(raw: object, name: str) -> list[object]:
    """The cells of a range, row by row, at least one. CellError for a blank one among them."""
    grid = cells.grid(raw, name)
    if not grid.size:
        raise CellError(f"{name} is blank: a text is needed")
    for (row, column), value in np.ndenumerate(grid):
        if cells.is_blank(value):
            raise CellError(f"{name} has a blank cell in row {row + 1}, column {column + 1}: a text is needed")
    values: list[object] = grid.ravel().tolist()
    return values


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


def _stream_place(raw: object, name: str, model: BackendModel | None) -> places.Place:
    return places.stream_place(_place(raw, name, model))


def _positions(raw: object, name: str, model: BackendModel | None) -> additions.Positions:
    values = cells.grid(raw, name).ravel().tolist()
    return additions.parse_positions(", ".join(cells.text(value, name) for value in values))


def _coefficient(raw: object, name: str, model: BackendModel | None) -> float:
    return cells.number(raw, name, -1e9, 1e9)


def _vector(raw: object, name: str, model: BackendModel | None) -> BackendVector:
    assert model is not None
    values = cells.grid(raw, name)
    if values.size == 1 and isinstance(values.item(), str):
        return parse_vector(cells.text(raw, name))
    return PackedNumbers.pack(check_width(cells.numbers(raw, name, FLOAT32), name, model.config.n_embd, model))


def _numbers(raw: object, name: str, model: BackendModel | None) -> Array:
    return cells.numbers(raw, name, model.dtype if model else FLOAT64)


def _residual(raw: object, name: str, model: BackendModel | None) -> Array:
    assert model is not None
    return check_width(cells.numbers(raw, name, model.dtype), name, model.config.n_embd, model)


def _qkv(raw: object, name: str, model: BackendModel | None) -> Array:
    assert model is not None
    return check_width(cells.numbers(raw, name, model.dtype), name, 3 * model.config.n_embd, model)


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


def _top_k(raw: object, name: str, model: BackendModel | None) -> int:
    return int(cells.number(raw, name, 0, tokenizer.N_VOCAB, whole=True))


def _top_p(raw: object, name: str, model: BackendModel | None) -> float:
    return cells.number(raw, name, 0, 1)


def _seed(raw: object, name: str, model: BackendModel | None) -> int:
    return int(cells.number(raw, name, 0, MAX_SEED, whole=True))


def _draft(raw: object, name: str, model: BackendModel | None) -> BackendModel:
    assert model is not None
    try:
        draft = catalogue.load(cells.text(raw, name))
    except ModelError as error:
        raise CellError(f"{name}: {error}") from None
    if draft.config.n_vocab != model.config.n_vocab:
        sizes = f"{model.config.n_vocab} tokens, not {draft.config.n_vocab}"
        raise CellError(f"{name} must have the vocabulary of {model.name}, {sizes}")
    return draft


def _position(raw: object, name: str, model: BackendModel | None) -> int:
    assert model is not None
    n_ctx = model.config.n_ctx
    return int(cells.number(raw, name, -n_ctx, n_ctx - 1, whole=True, note=f" for {model.name}"))


def _position_or_all(raw: object, name: str, model: BackendModel | None) -> int | None:
    return None if cells.single(raw, name) == ALL else _position(raw, name, model)


def check_position(position: int, name: str, n_seq: int) -> int:
    """The position from 0; one below 0 counts from the end. CellError where the prompt has none such."""
    if not -n_seq <= position < n_seq:
        raise CellError(f"{name} must be {-n_seq} to {n_seq - 1} for this prompt, not {position}")
    return position % n_seq


def _one_of(*allowed: str) -> Convert:
    """A converter of texts of which only these are allowed."""

    def convert(raw: object, name: str, model: BackendModel | None) -> str:
        text = cells.text(raw, name).strip().lower()
        if text not in allowed:
            raise CellError(f"{name} must be one of {'; '.join(allowed)}; not {text!r}")
        return text

    return convert


def _components(raw: object, name: str, model: BackendModel | None) -> circuits.Parts:
    assert model is not None
    texts = [cells.text(value, name) for value in cells.grid(raw, name).ravel().tolist()]
    parts = [circuits.parse_parts(text, model.config) for text in texts if text.strip()]
    return frozenset().union(*parts)


def _raw(raw: object, name: str, model: BackendModel | None) -> object:
    return raw


_MODEL_HELP = "the model's text from GPT2_MODEL, or a name such as gpt2; blank for the default model"

Text = Annotated[str, Kind(_text, "a text, or the cell that holds it", takes_blank=True)]
Name = Annotated[str, Kind(_text, "a name")]
ModelName = Annotated[ModelText, Kind(_model_text, _MODEL_HELP, takes_blank=True)]
Model = Annotated[BackendModel, Kind(_model, _MODEL_HELP, takes_blank=True)]
Prompt = Annotated[list[int], Kind(_prompt, "the text that the model reads")]
Prompts = Annotated[list[list[int]], Kind(_prompts, "the texts that the model reads, one a cell")]
Token = Annotated[int, Kind(_token, "one token: its text, mostly with the space before it, or its id as a number")]
Answers = Annotated[list[int], Kind(_answers, "tokens, one a cell: texts of one token each, or ids")]
Texts = Annotated[list[int], Kind(_texts, "tokens: texts, or ids as numbers")]
Ids = Annotated[list[int], Kind(_ids, "token ids, one a cell")]
Layer = Annotated[int, Kind(_layer, "the block, counted from 0")]
Head = Annotated[int, Kind(_head, "the attention head, counted from 0")]
Position = Annotated[int, Kind(_position, "which token, counted from 0; -1 is the last, and the default")]
PositionOrAll = Annotated[
    int | None, Kind(_position_or_all, "which token, counted from 0; -1 is the last, and the default; or all")
]
Show = Annotated[str, Kind(_one_of(*SHOWS), f"one of: {'; '.join(SHOWS)}")]
Method = Annotated[str, Kind(_one_of(*circuits.METHODS), "what the others give: mean (the default) or zero")]
What = Annotated[str, Kind(_one_of(*patching.HOOKS), "positions (the default), heads, attn or mlp")]
Components = Annotated[
    circuits.Parts,
    Kind(_components, "what is kept: names such as h.9.attn.head.1, h.9.attn, h.0.mlp", takes_blank=True),
]
Place = Annotated[
    places.Place, Kind(_place, "a place such as h.2, h.2.attn.pattern, h.2.mlp or blocks.2.hook_resid_pre")
]
StreamPlace = Annotated[
    places.Place, Kind(_stream_place, "a place of the stream: h.2 (entering block 2), h.2.mid, h.2.out")
]
Positions = Annotated[
    additions.Positions,
    Kind(_positions, "where: all (the default), prompt, last, first 3, or positions counted from 0, such as 0, 3, 5"),
]
Coefficient = Annotated[float, Kind(_coefficient, "multiplies the vector: 1 where left out, 0 does nothing")]
Vector = Annotated[
    BackendVector,
    Kind(_vector, "a row of n_embd numbers (several: a row a position), or a text such as sae(2, 7650)"),
]
Numbers = Annotated[Array, Kind(_numbers, "a range of numbers")]
Residual = Annotated[Array, Kind(_residual, "the residual stream: a row a token, n_embd columns")]
Qkv = Annotated[Array, Kind(_qkv, "queries, keys and values side by side: a row a token, 3*n_embd columns")]
Count = Annotated[int, Kind(_count, "how many, at least 1")]
Index = Annotated[int, Kind(_index, "which one, counted from 0")]
Temperature = Annotated[float, Kind(_temperature, "divides the logits: 1 as trained, 0 greedy")]
TopK = Annotated[int, Kind(_top_k, "draws from the k most likely tokens only; 0, the default, from all")]
TopP = Annotated[
    float, Kind(_top_p, "draws from the most likely tokens that have this share together; 1, the default, from all")
]
Seed = Annotated[
    int, Kind(_seed, f"which random numbers: 0 to {MAX_SEED}; blank is {DEFAULT_SEED}, so nothing changes by itself")
]
Draft = Annotated[BackendModel, Kind(_draft, "the model text of the draft model, which proposes")]
Cells = Annotated[object, Kind(_raw, "a range of cells", takes_blank=True)]
