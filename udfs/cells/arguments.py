"""The arguments that functions share: their help, and a converter for each.

An argument of one name means the same in every function, so its help is written once, in `HELP`. A function begins by
converting what it was given, the model first, because the model decides what else is allowed:

    gpt2 = arg.model(model)
    x = arg.residual(residual, gpt2)

Every converter accepts a plain Python value as well as cells, and raises CellError, which calls the argument by `name`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

from numpy.typing import ArrayLike, NDArray

from udfs.backend import catalogue, interpret
from udfs.backend.arrays import FLOAT32, FLOAT64, Array, DType
from udfs.backend.errors import ModelError, quoted
from udfs.backend.generate.sampling import DEFAULT_SEED, MAX_SEED, Sampling
from udfs.backend.gpt2 import interventions
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.prompts import prompt_ids
from udfs.backend.gpt2.tokenizer import N_VOCAB
from udfs.backend.interpret import places
from udfs.backend.interpret.steering_vectors import Numbers, Vector, parse_vector
from udfs.cells import values
from udfs.cells.errors import CellError
from udfs.excel_limits import MAX_COLUMNS

# What a Python caller may pass. A sequence is a row of cells, a sequence of sequences is rows of cells.
Cells: TypeAlias = ArrayLike | Sequence[Any] | None
Texts: TypeAlias = str | Sequence[str] | Sequence[Sequence[str]] | NDArray[Any]
Token: TypeAlias = str | int
Tokens: TypeAlias = Token | Sequence[Token] | Sequence[Sequence[Token]] | NDArray[Any]
Positions: TypeAlias = str | int | Sequence[int]

HELP = {
    "coefficient": "multiplies the vector: 1 (the default) adds it unchanged, 0 adds nothing",
    "components": "the heads and MLPs to keep: names such as h.9.attn.head.1, h.9.attn, h.0.mlp",
    "head": "the attention head, counted from 0",
    "ids": "token ids, one in each cell",
    "layer": "the block, counted from 0",
    "model": "the model's text from GPT2_MODEL, or a name such as gpt2; blank for the default model",
    "position": "the token's position, counted from 0; -1 (the default) is the last",
    "positions": "where to add it: all (the default), prompt, last, first 3, or positions counted from 0: 0, 3, 5",
    "prompt": "the text that the model reads",
    "prompts": "the texts that the model reads, one in each cell",
    "qkv": "queries, keys and values side by side: a row for each token, 3*n_embd columns",
    "residual": "the residual stream: a row for each token, n_embd columns",
    "seed": f"the random seed, 0 to {MAX_SEED}; blank is {DEFAULT_SEED}. The same seed gives the same result",
    "temperature": "divides the logits: 1 (the default) is as trained, 0 is greedy",
    "text": "a text, or the cell that holds it",
    "top_k": "how many of the likeliest tokens to draw from; 0 (the default) for all",
    "top_p": "draws from the likeliest tokens that together have this probability; 1 (the default) for all tokens",
    "vector": "a row of n_embd numbers (several rows: one for each position), or a text such as sae(2, 7650)",
    "x": "a range of numbers",
}
# Arguments that a function needs, but that may be blank.
MAY_BE_BLANK = frozenset({"components", "edits", "minus", "plus", "text"})
# Arguments with a text in each cell. A function gives a row for each text.
A_ROW_FOR_EACH = frozenset({"texts"})
# Arguments that name a model: a result depends on the files of that model too.
NAMES_A_MODEL = frozenset({"draft", "model", "name", "reference"})

ALL = "all"  # instead of a position
_MAX_READ_BYTES = 2**30
_MAX_INDEX = 2**20
_MOST_STRENGTHS = 64
_Choice = TypeVar("_Choice", bound=str)


def model(text: object, name: str = "model") -> Model:
    """The model that a text names."""
    return catalogue.load(values.text(text, name))


def with_vocabulary_of(gpt2: Model, text: object, name: str) -> Model:
    """A model that shares the vocabulary of another one."""
    try:
        loaded = model(text, name)
    except ModelError as error:
        raise CellError(f"{name}: {error}") from None
    if loaded.config.n_vocab != gpt2.config.n_vocab:
        sizes = f"{gpt2.config.n_vocab} tokens, not {loaded.config.n_vocab}"
        raise CellError(f"{name} must have the vocabulary of {gpt2.name}, {sizes}")
    if loaded.tokenizer is not gpt2.tokenizer and loaded.tokenizer.vocabulary != gpt2.tokenizer.vocabulary:
        raise CellError(f"{name} must have the tokenizer of {gpt2.name}, not another one")
    return loaded


def text(value: object, name: str) -> str:
    """A text."""
    return values.text(value, name)


def prompt(value: object, gpt2: Model, name: str = "prompt") -> list[int]:
    """The token ids of a text that the model reads."""
    return prompt_ids(values.text(value, name), gpt2, name)


def prompts(texts: object, gpt2: Model, name: str = "prompts") -> list[list[int]]:
    """The token ids of several texts, which must fit into memory together."""
    found = each_prompt(texts, gpt2, name)
    n_tokens, allowed = sum(map(len, found)), _most_tokens(gpt2)
    if n_tokens > allowed:
        raise CellError(f"{name} must have at most {allowed} tokens in total for {gpt2.name}, not {n_tokens}")
    return found


def each_prompt(texts: object, gpt2: Model, name: str) -> list[list[int]]:
    """The token ids of several texts that are read one after the other, or in batches."""
    cells = values.filled(texts, name)
    in_rows = values.is_column(texts, name)
    names = [f"{name} in row {row}" if in_rows else name for row in range(1, len(cells) + 1)]
    return [prompt_ids(values.text(cell, where), gpt2, where) for cell, where in zip(cells, names, strict=True)]


def _most_tokens(gpt2: Model) -> int:
    """How many tokens one call may read: the stream, keys and values of all layers are kept for each."""
    n_bytes = gpt2.dtype.itemsize * gpt2.config.n_embd * (3 * gpt2.config.n_layer + 1)
    return max(2 * gpt2.config.n_ctx, _MAX_READ_BYTES // n_bytes)


def ids(value: object, gpt2: Model, name: str = "ids") -> list[int]:
    """Token ids, row by row."""
    found = values.numbers(value, name).ravel().tolist()
    if len(found) > N_VOCAB:
        raise CellError(f"{name} must have at most {N_VOCAB} cells, not {len(found)}")
    for number in found:
        if not number.is_integer() or not 0 <= number < gpt2.config.n_vocab:
            raise CellError(f"{name} must be whole numbers 0 to {gpt2.config.n_vocab - 1}, not {number:.15g}")
    return list(map(int, found))


def token(value: object, gpt2: Model, name: str) -> int:
    """A token, given as its text or as its id."""
    single = values.single(value, name)
    if not isinstance(single, str):
        return ids(single, gpt2, name)[0]
    tokenizer = gpt2.tokenizer
    found = tokenizer.encode(single)
    if len(found) == 1:
        return _check_vocabulary(found, name, gpt2)[0]
    parts = " + ".join(quoted(tokenizer.token_text(part)) for part in found[:8])
    hint = ""
    if len(tokenizer.encode(f" {single}")) == 1:
        hint = f"; with a space before it, {f' {single}'!r}, it is one"
    raise CellError(f"{name} must be one token, not {len(found)}: {parts}{', ...' if len(found) > 8 else ''}{hint}")


def tokens(value: object, gpt2: Model, name: str) -> list[int]:
    """Tokens, one in each cell, given as texts or as ids."""
    return [token(cell, gpt2, name) for cell in values.filled(value, name)]


def token_for_each(value: object, count: int, gpt2: Model, name: str) -> list[int]:
    """A token for each of several prompts: one for all of them, or a column of as many."""
    if not values.is_column(value, name):
        return [token(value, gpt2, name)] * count
    cells = values.filled(value, name)
    if len(cells) != count:
        raise CellError(f"{name} must be one token, or one for each of the {count} prompts, not {len(cells)}")
    return [token(cell, gpt2, name) for cell in cells]


def tokens_of_texts(value: object, gpt2: Model, name: str = "tokens") -> list[int]:
    """All tokens of the texts in a range, and the ids among them."""
    found: list[int] = []
    for cell in values.filled(value, name):
        single = values.single(cell, name)
        found += gpt2.tokenizer.encode(single) if isinstance(single, str) else ids(single, gpt2, name)
    return _check_vocabulary(found, name, gpt2)


def _check_vocabulary(found: list[int], name: str, gpt2: Model) -> list[int]:
    if max(found) >= gpt2.config.n_vocab:
        unknown = gpt2.tokenizer.token_text(max(found))
        raise CellError(f"{name} has the token {quoted(unknown)}, which is not in the vocabulary of {gpt2.name}")
    return found


def layer(value: object, gpt2: Model, name: str = "layer") -> int:
    """A block of the model."""
    return values.whole(value, name, 0, gpt2.config.n_layer - 1, f" for {gpt2.name}")


def head(value: object, gpt2: Model, name: str = "head") -> int:
    """An attention head of the model."""
    return values.whole(value, name, 0, gpt2.config.n_head - 1, f" for {gpt2.name}")


def position(value: object, n_seq: int, gpt2: Model, name: str = "position") -> int:
    """A position in a prompt of `n_seq` tokens, counted from 0. A negative one counts from the end."""
    n_ctx = gpt2.config.n_ctx
    at = values.whole(value, name, -n_ctx, n_ctx - 1, f" for {gpt2.name}")
    if not -n_seq <= at < n_seq:
        raise CellError(f"{name} must be {-n_seq} to {n_seq - 1} for this prompt, not {at}")
    return at % n_seq


def position_or_all(value: object, n_seq: int, gpt2: Model, name: str = "position") -> int | None:
    """A position in a prompt of `n_seq` tokens; None for the text `all`, which means every position."""
    return None if values.single(value, name) == ALL else position(value, n_seq, gpt2, name)


def place(value: object, gpt2: Model, name: str = "place") -> places.Place:
    """A place in the model."""
    return places.parse_place(values.text(value, name), gpt2.config)


def stream_place(value: object, gpt2: Model, name: str = "place") -> places.Place:
    """A place of the residual stream, where something can be added."""
    return places.stream_place(place(value, gpt2, name))


def positions(value: object, name: str = "positions") -> interventions.Positions:
    """Where something is added: a text, or the numbers of the positions."""
    cells = values.grid(value, name).ravel().tolist()
    return interventions.parse_positions(", ".join(values.text(cell, name) for cell in cells))


def vector(value: object, gpt2: Model, name: str = "vector") -> Vector:
    """What is added to the stream: rows of numbers, or a text that describes them."""
    cells = values.grid(value, name)
    if cells.size == 1 and isinstance(cells.item(), str):
        return parse_vector(values.text(value, name))
    return Numbers.pack(width_checked(values.numbers(value, name, FLOAT32), gpt2.config.n_embd, gpt2, name))


def component(value: object, gpt2: Model, name: str) -> places.Component:
    """A head, an attention or an MLP."""
    return places.parse_component(values.text(value, name), gpt2.config, name)


def components(value: object, gpt2: Model, name: str = "components") -> interpret.circuits.Parts:
    """The heads and MLPs that are named in a range. Blank cells are skipped."""
    texts = [values.text(cell, name) for cell in values.grid(value, name).ravel().tolist()]
    parse = interpret.circuits.parse_parts
    return frozenset().union(*(parse(found, gpt2.config, name) for found in texts if found.strip()))


def numbers(value: object, name: str, dtype: DType = FLOAT64) -> Array:
    """A range of numbers."""
    return values.numbers(value, name, dtype)


def residual(value: object, gpt2: Model, name: str = "residual") -> Array:
    """Rows of the residual stream, `[n_seq, n_embd]`."""
    return width_checked(values.numbers(value, name, gpt2.dtype), gpt2.config.n_embd, gpt2, name)


def width_checked(x: Array, width: int, gpt2: Model, name: str) -> Array:
    """The array itself, if it has that many columns, and no more rows than the model has positions."""
    if x.shape[1] != width:
        raise CellError(f"{name} must have {width} columns for {gpt2.name}, not {x.shape[1]}")
    if x.shape[0] > gpt2.config.n_ctx:
        raise CellError(f"{name} must have 1 to {gpt2.config.n_ctx} rows for {gpt2.name}, not {x.shape[0]}")
    return x


def count(value: object, name: str) -> int:
    """A number of things, at least 1."""
    return values.whole(value, name, 1, N_VOCAB)


def count_of_columns(value: object, width: int, beside: int = 0, name: str = "k") -> int:
    """A number of things with `width` columns each. Raises CellError if a sheet has no room for them.

    beside: the other columns of the table
    """
    found, most = count(value, name), (MAX_COLUMNS - beside) // width
    if found > most:
        raise CellError(f"{name} must be 1 to {most} here, as a sheet has {MAX_COLUMNS} columns, not {found}")
    return found


def index(value: object, name: str) -> int:
    """The number of a thing, counted from 0."""
    return values.whole(value, name, 0, _MAX_INDEX)


def coefficient(value: object, name: str = "coefficient") -> float:
    """What a vector is multiplied by."""
    return values.number(value, name, -1e9, 1e9)


def coefficients(value: object) -> list[float]:
    """What a vector is multiplied by, one number in each cell."""
    found = values.numbers(value, "coefficients")
    if found.size > _MOST_STRENGTHS:
        raise CellError(f"coefficients must have at most {_MOST_STRENGTHS} cells, not {found.size}")
    return [coefficient(number, "coefficients") for number in found.ravel().tolist()]


def activation(value: object) -> float:
    """What a feature's activation is set to."""
    return values.number(value, "value", -1e9, 1e9)


def temperature(value: object) -> float:
    """What the logits are divided by."""
    return values.number(value, "temperature", 0, 1000)


def top_k(value: object) -> int:
    """How many of the likeliest tokens are drawn from; 0 for all."""
    return values.whole(value, "top_k", 0, N_VOCAB)


def top_p(value: object) -> float:
    """The total probability of the tokens from which one is drawn."""
    return values.number(value, "top_p", 0, 1)


def sampling(temperature_value: object, top_k_value: object, top_p_value: object) -> Sampling:
    """How the next token is drawn."""
    return Sampling(temperature(temperature_value), top_k(top_k_value), top_p(top_p_value))


def seed(value: object) -> int:
    """The seed of the random numbers."""
    return values.whole(value, "seed", 0, MAX_SEED)


def one_of(value: object, allowed: Sequence[_Choice], name: str, listed: str = "") -> _Choice:
    """One of several texts, in capitals or not. `listed` describes them if they are many."""
    given = values.text(value, name).strip().lower()
    for choice in allowed:
        if given == choice:
            return choice
    described = listed or f"one of {'; '.join(allowed)}"
    raise CellError(f"{name} must be {described}; not {quoted(given)}")
