"""Calls whose numbers are bytes mean the same as those in JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from addin.office.json_values import MAX_CELLS, Call, checked_arguments, read_calls
from addin.office.packed import read_packed
from tests.addin.office.page_client import as_the_page_packs, packed
from udfs.cells import CellError

NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2)
CELLS = st.one_of(st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.text("aé🙂"))
RANGES = st.one_of(CELLS, st.lists(NUMBERS, min_size=1, max_size=3), st.lists(st.lists(CELLS, max_size=3), max_size=2))


def checked(calls: Sequence[Call]) -> list[tuple[str, list[Any]]]:
    """The calls with every array as rows."""
    return [
        (name, [x.tolist() if isinstance(x, np.ndarray) else x for x in checked_arguments(arguments)])
        for name, arguments in calls
    ]


@given(st.lists(st.tuples(st.sampled_from(["A", "B"]), st.lists(RANGES, max_size=3)), max_size=3))
def test_both_kinds_of_calls_mean_the_same(calls: list[tuple[str, list[Any]]]) -> None:
    assert checked(read_packed(as_the_page_packs(calls))) == checked(read_calls(json.dumps(calls).encode()))


WRONG = "the calls are not packed as the page packs them: reload the add-in"
ONE = [["F", [{"numbers": [1, 2]}]]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        packed(ONE, 1.0, 2.0)[:15],
        packed(ONE, 1.0, 2.0, count=-1),
        packed(ONE, 1.0, 2.0, count=1.5),
        packed(ONE, 1.0, 2.0, count=1e300),
        packed(ONE, 1.0, 2.0, count=float("nan")),
        packed(ONE, 1.0, 2.0, count=float("inf")),
        packed(ONE, 1.0),
        packed(ONE, 1.0, 2.0, 3.0),
        packed([["F", [{"numbers": [-1, -2]}]]], 1.0, 2.0),
        packed([["F", [{"numbers": [True, 2]}]]], 1.0, 2.0),
        packed([["F", [{"numbers": [2]}]]], 1.0, 2.0),
        packed([["F", [{"numbers": "12"}]]], 1.0, 2.0),
        packed([["F", [{"numbers": [10**30, 10**30]}]]], 1.0, 2.0),
    ],
)
def test_malformed_calls_are_one_line(body: bytes) -> None:
    with pytest.raises(CellError, match=f"^{WRONG}$"):
        read_packed(body)


def test_they_have_no_more_than_json_may_have() -> None:
    for number in (float("nan"), float("-inf")):
        with pytest.raises(CellError, match="the numbers in the calls must be finite"):
            read_packed(packed(ONE, 1.0, number))
    for calls in ([["F"]], {"F": []}, [["F", []]] * 101):
        with pytest.raises(CellError, match=r"the calls must be a JSON list|a request must have at most 100 calls"):
            read_packed(packed(calls))
    wide = np.zeros((2, MAX_CELLS // 2))
    with pytest.raises(CellError, match="the arguments must have at most 1000000 cells, not 1000001"):
        checked_arguments([wide, "one more"])
