"""Which model: its text, its facts, its weights."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from udfs import arguments as arg
from udfs import cells
from udfs.backend import catalogue, model_text
from udfs.backend.arrays import Array
from udfs.backend.gpt2.checkpoint import WEIGHTS_FILE
from udfs.backend.interpret import edits, steering_vectors
from udfs.cells import CellError, Table
from udfs.excel_limits import MAX_COLUMNS, MAX_TEXT
from udfs.function import cell_function

_SURGERY = ("what", "where", "amount", "positions")
MAX_CELLS = 1_000_000  # of one spill: what Excel takes in a few seconds


@cell_function
def gpt2_model(name: arg.ModelName = arg.LEFT_OUT, surgery: arg.Cells = arg.LEFT_OUT) -> str:
    """The text that names a model and what is done to it. Other functions take it as their last argument.

    name: a model such as demo or gpt2, blank for the default; options may follow, as in gpt2 ; bos
    surgery: a table with the columns what, where, amount, positions: set, scale, mean, or add a vector

    Options: `bos` makes every prompt begin with <|endoftext|>; `float64` computes in double precision, as the sheet
    does, and not in float32; `sae uncentred` makes sparse autoencoders read the stream as it is.

    Rows of the table, in their order: `set`, `h.0.mlp.c_fc.bias[17]`, `0.5`; `scale`, `h.9.attn.head.1`, `0`; `mean`,
    `h.9.mlp`, the prompts to average over, one a line; `add sae(2, 7650)`, `h.2`, `30`, `all`. Blank rows and a header
    row are passed over.

    Example: =GPT2_MODEL("demo", Weights!B6:E15)
    """
    text = str(replace(name, operations=(*name.operations, *_surgery_rows(surgery))))
    catalogue.load(check_text(text, "surgery"))  # fails here rather than in each cell that uses the text
    return text


def check_text(text: str, name: str) -> str:
    """A model text that fits into a cell. CellError names the argument that makes it too long."""
    if len(text) > MAX_TEXT:
        raise CellError(f"{name} must fit into {MAX_TEXT} characters of model text, not {len(text)}")
    return text


def _surgery_rows(raw: object) -> list[edits.Operation]:
    operations, table = [], cells.grid(raw, "surgery")
    if table.shape[1] > len(_SURGERY):
        raise CellError(f"surgery must have the columns {', '.join(_SURGERY)}, not {table.shape[1]} columns")
    for number, row in enumerate(table.tolist(), start=1):
        texts = [cells.text(value, "surgery").strip() for value in row]
        what, where, amount, positions = texts + [""] * (len(_SURGERY) - len(texts))
        if not any(texts) or (number == 1 and what.lower() == _SURGERY[0]):
            continue
        verb, _, vector = what.partition(" ")
        if verb not in ("set", "scale", "mean", "add"):
            raise CellError(f"surgery must say set, scale, mean or add in column 1 of row {number}, not {what!r}")
        if positions and verb != "add":
            raise CellError(f"surgery must leave positions blank in row {number}: {verb} takes none, not {positions!r}")
        clause = {
            "set": f"{what} {where} = {amount or '?'}",
            "scale": f"{what} {where} by {amount or '?'}",
            "mean": f"{what} {where} over {steering_vectors.text_of(amount.splitlines())}",
            "add": f"add {amount or '?'} * {vector.strip()} to {where} at {positions or 'all'}",
        }[verb]
        operations.append(model_text.parse_operation(clause))
    return operations


@cell_function
def gpt2_info(model: arg.Model = arg.LEFT_OUT) -> Table:
    """Facts about a model: its shape, number of parameters, file and checksum.

    Returns two columns, property and value.

    Example: =GPT2_INFO("demo")
    """
    config = model.config
    path = catalogue.find(model.name) / WEIGHTS_FILE
    return [
        ["property", "value"],
        ["model", model.text],
        ["note", catalogue.DEMO_NOTE if model.name == catalogue.DEMO else None],
        ["layers (n_layer)", config.n_layer],
        ["heads (n_head)", config.n_head],
        ["width (n_embd)", config.n_embd],
        ["MLP width (n_inner)", config.n_inner],
        ["vocabulary (n_vocab)", config.n_vocab],
        ["context (n_ctx)", config.n_ctx],
        ["parameters", sum(math.prod(shape) for shape in config.shapes().values())],
        ["file", path.name],
        ["bytes", path.stat().st_size],
        ["SHA-256", _sha256(path, path.stat().st_mtime_ns)],
    ]


@lru_cache(maxsize=16)
def _sha256(path: Path, modified: int) -> str:
    with path.open("rb") as file:
        digest: Any = hashlib.sha256()
        while chunk := file.read(2**20):
            digest.update(chunk)
    return str(digest.hexdigest())


@cell_function
def gpt2_parameters(model: arg.Model = arg.LEFT_OUT) -> Table:
    """Every tensor of a model: name, rows, columns. A bias counts as one row.

    Example: =GPT2_PARAMETERS("demo")
    """
    shapes = ((name, (1, *shape)[-2:]) for name, shape in model.config.shapes().items())
    return [["name", "rows", "columns"], *([name, rows, columns] for name, (rows, columns) in shapes)]


@cell_function
def gpt2_weight(
    parameter: arg.Name,
    row: arg.Index = 0,
    rows: arg.Count = arg.LEFT_OUT,
    column: arg.Index = 0,
    columns: arg.Count = arg.LEFT_OUT,
    model: arg.Model = arg.LEFT_OUT,
) -> Array:
    """A piece of a tensor, spilled: its rows are inputs, its columns outputs, as in the checkpoint.

    parameter: the tensor's name, such as h.0.attn.c_attn.weight
    row: the first row, counted from 0
    rows: how many rows; blank for all that follow
    column: the first column, counted from 0
    columns: how many columns; blank for all that follow

    Example: =GPT2_WEIGHT("h.0.mlp.c_fc.weight", 0, 10, 0, 10)
    """
    n_rows, n_columns = (1, *edits.check_parameter(parameter, model.config))[-2:]
    rows = _extent("row", row, rows, n_rows, parameter)
    columns = _extent("column", column, columns, n_columns, parameter)
    if rows * columns > MAX_CELLS or columns > MAX_COLUMNS:
        raise CellError(
            f"rows x columns must be at most {MAX_CELLS} cells, {MAX_COLUMNS} columns, not {rows} x {columns}"
        )
    tensor: Array = model[parameter].reshape(n_rows, n_columns)
    return tensor[row : row + rows, column : column + columns]


def _extent(what: str, first: int, count: int | None, available: int, parameter: str) -> int:
    """How many rows or columns are asked for; all that follow the first where that is blank."""
    if first >= available:
        raise CellError(f"{what} must be 0 to {available - 1} for {parameter}, not {first}")
    if count is not None and count > available - first:
        raise CellError(f"{what}s must be 1 to {available - first} from {what} {first} of {parameter}, not {count}")
    return available - first if count is None else count
