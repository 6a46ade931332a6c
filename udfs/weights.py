"""Which model: its text, its facts, its weights."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from udfs.backend import catalogue, model_text
from udfs.backend.arrays import Array
from udfs.backend.errors import quoted
from udfs.backend.gpt2.checkpoint import weights_files
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret import edits, steering_vectors
from udfs.backend.stamps import size_and_time
from udfs.cells import CellError, Table, cell_function, values
from udfs.cells import arguments as arg
from udfs.cells.arguments import Cells
from udfs.excel_limits import MAX_COLUMNS, MAX_TEXT

_SURGERY = ("what", "where", "amount", "positions")
_VERBS = ("set", "scale", "mean", "add", "clamp", "remove")
_VERBS_WITH_POSITIONS = _VERBS[3:]
_MAX_CELLS = 1_000_000  # of one spill: what Excel takes in a few seconds


@cell_function
def gpt2_model(name: str = "", surgery: Cells = None) -> str:
    """The text that names a model and the operations on it. Other functions take this text as their last argument.

    name: a model such as demo or gpt2, blank for the default; options may follow, as in gpt2 ; bos
    surgery: a table with the columns what, where, amount, positions: set, scale, mean, add, clamp, remove

    Options: `bos` begins every prompt with <|endoftext|>; `float64` computes in double precision, as the sheet does,
    and not in float32; `sae uncentred` lets sparse autoencoders read the stream without centring it.

    Rows of the table are done in their order: `set`, `h.0.mlp.c_fc.bias[17]`, `0.5`; `scale`, `h.9.attn.head.1`, `0`;
    `mean`, `h.9.mlp`, the prompts to average over, one in each line; `add sae(2, 7650)`, `h.2`, `30`, `all`;
    `clamp sae(2, 7650)`, blank, `40`, `all`; `remove sae(2, 7650)`, `h.2`, blank, `all`. Blank rows and a header row
    are skipped.

    Raises: CellError if the model is not on this machine, or if an operation does not fit it.
    Example: =GPT2_MODEL("demo", Weights!B6:E15)
    """
    parsed = model_text.parse(arg.text(name, "name"))
    operations = (*parsed.operations, *_surgery_rows(surgery))
    text = str(replace(parsed, name=parsed.name or catalogue.default_name(), operations=operations))
    return _checked(text, "surgery")


def with_operation(gpt2: Model, operation: edits.Operation, name: str) -> str:
    """The text of a model after one more operation. Raises CellError if it is too long, or if the operation fails."""
    return _checked(f"{gpt2.text} ; {operation}", name)


def _checked(text: str, name: str) -> str:
    """The model text itself, if it fits into a cell and the model can be loaded.

    So the cell with the text shows an error, rather than each cell that uses it. Raises CellError, which names the
    argument that makes the text too long.
    """
    if len(text) > MAX_TEXT:
        raise CellError(f"{name} must fit into {MAX_TEXT} characters of model text, not {len(text)}")
    catalogue.load(text)
    return text


def _surgery_rows(raw: object) -> list[edits.Operation]:
    operations, table = [], values.grid(raw, "surgery")
    if table.shape[1] > len(_SURGERY):
        raise CellError(f"surgery must have the columns {', '.join(_SURGERY)}, not {table.shape[1]} columns")
    for number, row in enumerate(table.tolist(), start=1):
        texts = [values.text(value, "surgery").strip() for value in row]
        what, where, amount, positions = texts + [""] * (len(_SURGERY) - len(texts))
        if not any(texts) or (number == 1 and what.lower() == _SURGERY[0]):
            continue
        verb, _, vector = what.partition(" ")
        if verb not in _VERBS:
            raise CellError(
                f"surgery must have {', '.join(_VERBS[:-1])} or {_VERBS[-1]} in column 1 of row {number}, "
                f"not {quoted(what)}"
            )
        if positions and verb not in _VERBS_WITH_POSITIONS:
            raise CellError(
                f"surgery must leave positions blank in row {number}: {verb} takes none, not {quoted(positions)}"
            )
        unused = {"clamp": ("where", where), "remove": ("amount", amount)}.get(verb, ("", ""))
        if unused[1]:
            raise CellError(
                f"surgery must leave {unused[0]} blank in row {number}: {verb} takes none, not {quoted(unused[1])}"
            )
        clause = {
            "set": f"{what} {where} = {amount or '?'}",
            "scale": f"{what} {where} by {amount or '?'}",
            "mean": f"{what} {where} over {steering_vectors.text_of(amount.splitlines())}",
            "add": f"add {amount or '?'} * {vector.strip()} to {where} at {positions or 'all'}",
            "clamp": f"clamp {vector.strip()} to {amount or '?'} at {positions or 'all'}",
            "remove": f"remove {vector.strip()} from {where} at {positions or 'all'}",
        }[verb]
        operations.append(model_text.parse_operation(clause))
    return operations


@cell_function
def gpt2_info(model: str = "") -> Table:
    """Facts about a model: its shape, number of parameters, files and checksums.

    Returns two columns, property and value.

    Raises: CellError if the model is not on this machine.
    Example: =GPT2_INFO("demo")
    """
    gpt2 = arg.model(model)
    config = gpt2.config
    files = weights_files(catalogue.find(gpt2.name))
    return [
        ["property", "value"],
        ["model", gpt2.text],
        ["note", catalogue.DEMO_NOTE if gpt2.name == catalogue.DEMO else None],
        ["layers (n_layer)", config.n_layer],
        ["heads (n_head)", config.n_head],
        ["width (n_embd)", config.n_embd],
        ["MLP width (n_inner)", config.n_inner],
        ["vocabulary (n_vocab)", config.n_vocab],
        ["context (n_ctx)", config.n_ctx],
        ["parameters", sum(math.prod(shape) for shape in config.shapes().values())],
        *(fact for path in files for fact in _facts_of_file(path)),
    ]


def _facts_of_file(path: Path) -> Table:
    size, modified = size_and_time(path.stat())
    return [["file", path.name], ["bytes", size], ["SHA-256", _sha256(path, size, modified)]]


@lru_cache(maxsize=16)
def _sha256(path: Path, size: int, modified: int) -> str:
    import hashlib  # imported when needed, so that `import udfs` is quick

    with path.open("rb") as file:
        digest: Any = hashlib.sha256()
        while chunk := file.read(2**20):
            digest.update(chunk)
    return str(digest.hexdigest())


@cell_function
def gpt2_parameters(model: str = "") -> Table:
    """Every tensor of a model: name, rows, columns. A bias counts as one row.

    Raises: CellError if the model is not on this machine.
    Example: =GPT2_PARAMETERS("demo")
    """
    shapes = ((name, (1, *shape)[-2:]) for name, shape in arg.model(model).config.shapes().items())
    return [["name", "rows", "columns"], *([name, rows, columns] for name, (rows, columns) in shapes)]


@cell_function
def gpt2_weight(
    parameter: str,
    row: int = 0,
    rows: int | None = None,
    column: int = 0,
    columns: int | None = None,
    model: str = "",
) -> Array:
    """A piece of a tensor: its rows are inputs, its columns outputs, as in the checkpoint.

    parameter: the tensor's name, such as h.0.attn.c_attn.weight
    row: the first row, counted from 0
    rows: how many rows; blank for all that follow
    column: the first column, counted from 0
    columns: how many columns; blank for all that follow

    Raises: CellError if the model has no such tensor, or if the piece is outside the tensor or too large for a sheet.
    Example: =GPT2_WEIGHT("h.0.mlp.c_fc.weight", 0, 10, 0, 10)
    """
    gpt2 = arg.model(model)
    tensor_name = arg.text(parameter, "parameter")
    first_row, first_column = arg.index(row, "row"), arg.index(column, "column")
    row_count = None if rows is None else arg.count(rows, "rows")
    column_count = None if columns is None else arg.count(columns, "columns")
    all_rows, all_columns = (1, *edits.check_parameter(tensor_name, gpt2.config))[-2:]
    n_rows = _extent("row", first_row, row_count, all_rows, tensor_name)
    n_columns = _extent("column", first_column, column_count, all_columns, tensor_name)
    if n_rows * n_columns > _MAX_CELLS or n_columns > MAX_COLUMNS:
        raise CellError(
            f"rows x columns must be at most {_MAX_CELLS} cells, {MAX_COLUMNS} columns, not {n_rows} x {n_columns}"
        )
    tensor: Array = gpt2[tensor_name].reshape(all_rows, all_columns)
    return tensor[first_row : first_row + n_rows, first_column : first_column + n_columns]


def _extent(what: str, first: int, count: int | None, available: int, parameter: str) -> int:
    """How many rows or columns to give: the count, or all from the first on if it is None."""
    if first >= available:
        raise CellError(f"{what} must be 0 to {available - 1} for {parameter}, not {first}")
    if count is not None and count > available - first:
        raise CellError(f"{what}s must be 1 to {available - first} from {what} {first} of {parameter}, not {count}")
    return available - first if count is None else count
