"""The functions that a cell can call. Every host reads `FUNCTIONS`, and nothing else.

    @cell_function
    def gpt2_block(layer: int, residual: ArrayLike, model: str = "") -> Array:

registers `GPT2_BLOCK` and keeps `gpt2_block` a Python function, with the same parameters and types.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

from udfs.backend import catalogue
from udfs.backend.errors import ModelError
from udfs.backend.interpret import sae, tuned_lens
from udfs.backend.result_cache import Cache, content_key
from udfs.backend.stopping import Stopped
from udfs.cells import values
from udfs.cells.arguments import A_ROW_FOR_EACH, HELP, MAY_BE_BLANK, NAMES_A_MODEL
from udfs.cells.docstrings import LABELS, Documentation, documentation
from udfs.cells.errors import CellError, bug_line, marked
from udfs.cells.values import Rows

CATEGORY = "GPT-2"  # under which a spreadsheet lists the functions

_P = ParamSpec("_P")
_R = TypeVar("_R")

_results = Cache()


class Argument(NamedTuple):
    """One argument of a cell function."""

    name: str
    help: str
    optional: bool


@dataclass(frozen=True)
class CellFunction:
    """A function of cells: its name in capitals, its help, its arguments, a formula that calls it.

    `function` is the Python function behind it. `columns` names the arguments that may be a column of cells: the
    function then gives a row for each cell, perhaps below a header.
    """

    name: str
    help: str
    arguments: tuple[Argument, ...]
    example: str
    function: Callable[..., Any]
    columns: tuple[str, ...] = ()

    def answer(self, cells: Sequence[object]) -> Rows:
        """The rows that a cell shows for these arguments, each a cell or a range.

        An error is one row of one text. A wrong argument gives one line that names it. An exception that is not the
        user's mistake is logged with its traceback. Only `Stopped` is raised, if the caller gave up.
        """
        try:
            for argument, cell in zip(self.arguments, cells, strict=False):
                values.check_length(cell, argument.name)
            rows = values.rows_of(self._result(cells))
            values.check_length(rows, self.name)
            return rows
        except Stopped:
            raise
        except (CellError, ModelError) as error:
            line = str(error)
        except MemoryError:
            line = f"{self.name} needs more memory than this machine has: ask for less"
        except Exception as error:
            import logging  # imported when needed, so that `import udfs` is quick

            logging.getLogger("udfs").exception("%s failed", self.name)
            line = bug_line(self.name, error)
        return [[marked(line)]]

    def _result(self, cells: Sequence[object]) -> Any:
        """The function's result, kept by the content of the arguments."""
        if len(cells) > len(self.arguments):
            raise CellError(f"{self.name} takes at most {len(self.arguments)} arguments, not {len(cells)}")
        padded = [*cells, *[None] * (len(self.arguments) - len(cells))]
        given = {
            argument.name: values.plain(cell, argument.name)
            for argument, cell in zip(self.arguments, padded, strict=True)
        }
        models = [_fingerprint(value) for name, value in given.items() if name in NAMES_A_MODEL]
        key = (self.name, *map(content_key, given.values()), *models)
        return _results.get(key, lambda: self.function(**given))


FUNCTIONS: dict[str, CellFunction] = {}  # by name, in alphabetical order
_OF_PROMPTS: dict[str, Callable[..., Any]] = {}  # what functions of a prompt do with a column of prompts, by name


def cell_function(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Registers a function under its name in capitals. Gives the same function with more lenient arguments.

    An argument that is None or blank means its default. Raises CellError for anything wrong with the arguments or the
    model, and if the result has numbers that are not finite; TypeError if the function is called with too many
    arguments or an unknown keyword.
    """
    signature = inspect.signature(function)
    documented = documentation(function, signature.parameters)
    arguments = tuple(
        Argument(name, documented.entries.get(name) or HELP[name], parameter.default is not inspect.Parameter.empty)
        for name, parameter in signature.parameters.items()
    )
    name = function.__name__.upper()

    @wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            given = signature.bind_partial(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{function.__name__}() {error}") from None
        known = {argument.name: _given(argument, given.get(argument.name)) for argument in arguments}
        known = {name: value for name, value in known.items() if value is not None}
        chosen: Callable[..., Any] = function
        if name in _OF_PROMPTS and values.is_column(known.get("prompt"), "prompt"):
            chosen, defaults = _OF_PROMPTS[name], signature.bind(**known)
            defaults.apply_defaults()
            known = defaults.arguments
        try:
            return values.check_finite(cast("Callable[..., _R]", chosen)(**known), name)
        except ModelError as error:
            raise CellError(str(error)) from None

    call.__doc__ = _docstring(documented, arguments)
    columns = tuple(argument.name for argument in arguments if argument.name in A_ROW_FOR_EACH)
    example = documented.entries.get("Example", "")
    FUNCTIONS[name] = CellFunction(name, documented.summary, arguments, example, call, columns)
    in_order = sorted(FUNCTIONS.items())
    FUNCTIONS.clear()
    FUNCTIONS.update(in_order)
    return call


def of_prompts(single: Callable[..., Any], *others: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Registers what a cell function of one `prompt` does with a column of prompts.

    The decorated function is called with every argument of `single`, defaults included. `others` are arguments that
    may be a column beside the prompts.
    """

    def register(function: Callable[_P, _R]) -> Callable[_P, _R]:
        name = single.__name__.upper()
        _OF_PROMPTS[name] = function
        FUNCTIONS[name] = replace(FUNCTIONS[name], columns=("prompt", *others))
        return function

    return register


def _given(argument: Argument, value: object) -> object:
    """The value of an argument; None if the function's default applies."""
    if not values.is_blank(value):
        return value
    if argument.optional:
        return None
    if argument.name in MAY_BE_BLANK:
        return ""
    raise CellError(f"{argument.name} is missing: {argument.help}")


def _docstring(documented: Documentation, arguments: Sequence[Argument]) -> str:
    """The docstring for Python users, in which every argument has its help."""
    help_lines = [f"{argument.name}: {argument.help}" for argument in arguments]
    labelled = [f"{label}: {documented.entries[label]}" for label in LABELS if label in documented.entries]
    parts = [documented.summary, "\n".join(help_lines), *documented.paragraphs, "\n".join(labelled)]
    return "\n\n".join(filter(None, parts))


def _fingerprint(text: object) -> Hashable:
    """A value that changes with the model's files, its autoencoders and its lens; None if it cannot be loaded."""
    try:
        model = catalogue.load(values.text(text, "model"))
        return model.fingerprint, sae.stamp(model.name), tuned_lens.stamp(model.name)
    except (CellError, ModelError):
        return None  # the function itself raises it, and names the argument
