"""The functions without xlwings Lite: blanks as Pyodide passes them, and results as JavaScript takes them."""

from __future__ import annotations

import json

from addin.lite import functions
from udfs.cells import FUNCTIONS


class JsNull:
    """Pyodide's object for JavaScript's null."""


def test_every_function_and_the_script_can_be_imported_by_a_star() -> None:
    names: dict[str, object] = {}
    exec("from addin.lite.functions import *", names)
    assert names.keys() - {"__builtins__"} == {*(name.lower() for name in FUNCTIONS), "download_gpt2"}


def test_nulls_are_blanks_at_any_depth() -> None:
    assert functions.without_nulls(JsNull()) is None
    assert functions.without_nulls([[1.0, JsNull()], [JsNull(), "a"]]) == [[1.0, None], [None, "a"]]


def test_results_are_rows_of_texts_and_floats() -> None:
    rows = functions.gpt2_info("tiny")
    assert {type(value) for row in rows for value in row} <= {str, float}
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
