"""A formula whose names are a table's columns, computed for many rows at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeAlias

from addin.errors import AddinError
from addin.headless import Cell
from addin.headless.compiler import Compiler
from addin.headless.engine import Engine
from addin.headless.lambdas import Evaluate, Scope
from addin.headless.shared import SharedFormula
from addin.headless.unsupported import NotSupportedError
from addin.headless.values import to_plain
from addin.headless.workbook import own_functions
from udfs.backend import catalogue
from udfs.backend.errors import did_you_mean
from udfs.backend.result_cache import content_key
from udfs.cells import FUNCTIONS, Rows, as_table, error_in
from workbook_templates.formula import FormulaError, parse, print_formula
from workbook_templates.formula.stored import plain
from workbook_templates.formula.tree import MISSING, Call, Name, Node, Reference, Table, transform, walk

Answer: TypeAlias = "dict[str, Any]"  # the cells of a row by their titles; only ERROR if there are none

ERROR = "error"
_VALUE = "value"  # the title of a result without a header
_NO_TITLES: tuple[str, ...] = ()
_IN_COLUMN = object()
_CELL = (1, 1)  # the formula is in no sheet; no argument reads a cell


class RowFormula:
    """A call of one of our functions, such as `GPT2_PREDICT(text, 5)`.

    Its arguments are formulas of any kind over the columns, which they name in capitals or not, or as `[my text]`.
    `model` is the model's text if the formula names none; blank for the default model.

    Raises AddinError if the formula cannot be read, calls another function, or names a column that is missing.
    """

    def __init__(self, text: str, columns: Sequence[str], model: str = "") -> None:
        names = {name.upper(): name for name in reversed(columns)}
        call = _call(text)
        self.function = FUNCTIONS[call.function]
        self._names = [name.upper() for name in columns]
        named = [argument.name for argument in self.function.arguments]
        arguments = [_of_columns(argument, names) for argument in call.arguments]
        if len(arguments) > len(named):
            raise AddinError(f"FORMULA: {call.function} takes at most {len(named)} arguments, not {len(arguments)}")
        self._arguments = [_compiled(argument, names) for argument in arguments]
        self._may_be_column = [name in self.function.columns for name in named]
        self._model_place = _model_place(named, arguments, model)
        self.model = "" if self._model_place is None else model or catalogue.default_name()

    @property
    def reads_in_batches(self) -> bool:
        """Whether the function takes a column of cells, and so computes many rows together."""
        return bool(self.function.columns)

    def models(self, rows: Sequence[Sequence[Cell]]) -> list[str]:
        """The texts of the models that these rows use, each once."""
        place = self._model_place
        return [] if place is None else sorted({str(self._given(row)[place]) for row in rows})

    def answers(self, rows: Sequence[Sequence[Cell]]) -> list[Answer]:
        """The answer of each row. The same rows always give the same bytes; errors stay with their rows."""
        given = [self._given(row) for row in rows]
        found: dict[int, Answer] = {}
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for place, arguments in enumerate(given):
            groups[content_key(self._fixed(arguments))].append(place)
        for places in groups.values():
            cells = self._fixed(given[places[0]])
            if any(value is _IN_COLUMN for value in cells):  # `in` would compare arrays number by number
                self._together(places, given, found)
            else:
                found |= {place: _alone(self.function.answer(given[place])) for place in places}
        return [found[place] for place in range(len(rows))]

    def _given(self, row: Sequence[Cell]) -> list[Any]:
        """The arguments of the call for one row."""
        scope = Scope(_CELL, dict(zip(reversed(self._names), reversed(row), strict=True)))
        try:
            arguments = [to_plain(argument(scope)) for argument in self._arguments]
        except NotSupportedError as error:
            raise AddinError(f"FORMULA uses {error.feature}, which cannot be calculated here") from None
        arguments += [None] * (len(self._may_be_column) - len(arguments))
        place = self._model_place
        if place is not None and (arguments[place] is None or str(arguments[place]) == ""):
            arguments[place] = self.model
        return arguments

    def _fixed(self, arguments: Sequence[Any]) -> list[Any]:
        """The arguments that must be equal in all rows of one call; `_IN_COLUMN` for the others."""
        pairs = zip(arguments, self._may_be_column, strict=True)
        return [_IN_COLUMN if column and isinstance(value, (str, float)) else value for value, column in pairs]

    def _together(self, places: Sequence[int], given: Sequence[Sequence[Any]], found: dict[int, Answer]) -> None:
        """Computes rows in one call; if one of them is wrong, each half in a call of its own."""
        column = [given[place] for place in (*places, *places[: len(places) == 1])]  # a column has at least two cells
        cells = [
            [[arguments[index]] for arguments in column] if value is _IN_COLUMN else value
            for index, value in enumerate(self._fixed(column[0]))
        ]
        rows = self.function.answer(cells)
        if error_in(rows) is None:
            table = as_table(rows)
            titles = [str(title) for title in table[0]] if len(table) > len(column) else [_VALUE]
            answers = [dict(zip(titles, row, strict=True)) for row in table[-len(column) :]]
            found |= dict(zip(places, answers, strict=False))
        elif len(places) == 1:
            found[places[0]] = _alone(self.function.answer(given[places[0]]))
        else:
            middle = len(places) // 2
            self._together(places[:middle], given, found)
            self._together(places[middle:], given, found)


def _compiled(argument: Node, names: Mapping[str, str]) -> Evaluate:
    """An argument as a function of the columns' values in a row."""
    functions = own_functions()
    engine, formula = Engine([], {}, functions), SharedFormula.alone("", argument, _CELL, arrays=True)
    return Compiler(engine, functions, 0, formula, True, frozenset(names)).compile(argument)


def _call(text: str) -> Call:
    """The formula as a call of one of our functions."""
    try:
        tree = plain(parse(text.strip().removeprefix("=")))
    except FormulaError as error:
        raise AddinError(f"FORMULA: {error}") from None
    if isinstance(tree, Call) and tree.function in FUNCTIONS:
        return tree
    if not isinstance(tree, Call):
        raise AddinError(f"FORMULA must call a function, as in GPT2_PREDICT(text, 5), not {text[:60]!r}")
    hint = did_you_mean(tree.function, FUNCTIONS)
    raise AddinError(f"FORMULA must call a function of gpt2-excel, not {tree.function}{hint}")


def _of_columns(argument: Node, names: Mapping[str, str]) -> Node:
    """An argument in which every name is a column's, in capitals. Raises AddinError if there is no such column."""

    def change(node: Node) -> Node:
        if isinstance(node, (Reference, Table)):  # a column called a1, or `[my text]`
            return Name(None, print_formula(node).strip("[@]").replace("$", "").upper())
        return node

    changed = transform(argument, change)
    for node in walk(changed):
        if isinstance(node, Name) and node.name not in names:
            hint = did_you_mean(node.name, names.values())
            raise AddinError(f"FORMULA: the table has no column {node.name.lower()}{hint or _listed(names)}")
    return changed


def _listed(names: Mapping[str, str]) -> str:
    return f", only {', '.join(list(names.values())[::-1][:10])}" if names else ""


def _model_place(named: Sequence[str], arguments: Sequence[Node], model: str) -> int | None:
    """Which argument is the model; None if the function takes none. Raises AddinError if two models are named."""
    if "model" not in named:
        if model:
            raise AddinError("--model: the function of FORMULA takes no model")
        return None
    place = named.index("model")
    if model and len(arguments) > place and arguments[place] != MISSING:
        raise AddinError("--model: FORMULA already names a model")
    return place


def _alone(rows: Rows) -> Answer:
    """The answer of a row that was computed by itself: the rows of its table one after the other."""
    error = error_in(rows)
    if error is not None:
        return {ERROR: error}
    header, body = _split(rows)
    answer: Answer = {}
    for number, row in enumerate(body, start=1):
        for title, value in zip(header or [_VALUE] * len(row), row, strict=True):
            answer[_free(title if number == 1 else f"{title} {number}", answer)] = value
    return answer


def _split(rows: Rows) -> tuple[Sequence[str], list[list[Any]]]:
    """The header of a table, and its other rows. Arrays and single values have no header."""
    table = as_table(rows)
    if not isinstance(rows, list) or len(table) == 1:
        return _NO_TITLES, table
    return [str(title) for title in table[0]], table[1:]


def _free(title: str, answer: Answer) -> str:
    """The title itself, or with the first number that makes it different from all titles of the answer."""
    number, free = 2, title
    while free in answer:
        free, number = f"{title} {number}", number + 1
    return free
