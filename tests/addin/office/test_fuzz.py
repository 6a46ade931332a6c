"""Any arguments give rows or one line, never a server error and never a path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.addin.office.running import Kept, Running
from tests.udfs.example_calls import WORKING
from udfs.cells import FUNCTIONS

_TEXTS = [
    *("hello", " the", "h.1", "h.0.ln_1", "h.0.attn.c_attn", "wte.weight", "all", "last", "#DIV/0!", "=1+1", "../.."),
    *("tiny", "tiny ; bos", "tiny ; add 1 * sae(1, 3) to h.1", "sae(1, 3)", "<|endoftext|>"),
]
_ERRORS = {"type": st.just("Error"), "basicValue": st.sampled_from(["#REF!", "#SPILL!", 7, None])}
_CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-5, 70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(_TEXTS),
    st.fixed_dictionaries(_ERRORS),
)
_ROWS = st.one_of(
    st.lists(st.lists(_CELLS, max_size=4), max_size=4),
    st.integers(1, 32).flatmap(lambda width: st.just([[0.5] * width] * 3)),
)
_ANYTHING = st.recursive(
    _CELLS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@pytest.fixture(scope="module")
def kept(server: Running) -> Iterator[Kept]:
    """The server, asked over one connection."""
    asked = Kept(server.settings, server.files)
    yield asked
    asked.connection.close()


def given_arguments(data: Any, name: str) -> list[Any]:
    """A correct call with some wrong arguments."""
    working = {"model": "tiny"} | WORKING[name.lower()]
    names = [argument.name for argument in FUNCTIONS[name].arguments]
    arguments = [getattr(value := working.get(n), "tolist", lambda value=value: value)() for n in names]
    for index in data.draw(st.sets(st.integers(0, max(len(names) - 1, 0)), max_size=2)):
        if index < len(arguments):
            arguments[index] = data.draw(_ROWS | _CELLS)
    return arguments


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_wrong_cells_are_rows_or_one_line(kept: Kept, name: str, data: Any) -> None:
    check(kept.call(name, given_arguments(data, name)), kept)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(list(FUNCTIONS)), body=st.one_of(st.binary(max_size=50), _ANYTHING.map(json.dumps)))
def test_anything_at_all_is_rows_or_one_line(kept: Kept, name: str, body: Any) -> None:
    check(kept.call(name, body if isinstance(body, bytes) else body.encode()), kept)


def check(answer: Any, server: Running) -> None:
    assert answer.status in (200, 422), answer.body
    if answer.status == 200 and isinstance(answer.only, list):
        rows = answer.only
        assert rows
        assert {len(row) for row in rows} == {len(rows[0])}
        assert all(isinstance(cell, (str, int, float)) for row in rows for cell in row)
    else:
        assert 5 < len(answer.error) < 500
        assert str(server.files.folder.parent) not in answer.error
