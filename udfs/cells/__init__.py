"""The one gate between cells and Python.

`values` defines what a range, a blank and an error are; `arguments` converts each kind of argument; `registry` holds
every function that a cell can call; `errors` defines how a cell shows an error; `log` writes bugs to a file.
"""

from udfs.cells.errors import ERROR_MARK, CellError
from udfs.cells.registry import FUNCTIONS, Argument, CellFunction, cell_function, of_prompts
from udfs.cells.values import Rows, Table, as_table, error_in, number_text

__all__ = [
    "ERROR_MARK",
    "FUNCTIONS",
    "Argument",
    "CellError",
    "CellFunction",
    "Rows",
    "Table",
    "as_table",
    "cell_function",
    "error_in",
    "number_text",
    "of_prompts",
]
