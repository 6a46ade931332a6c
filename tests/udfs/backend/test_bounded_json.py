from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.backend import bounded_json
from udfs.backend.bounded_json import MAX_DEPTH
from udfs.backend.errors import ModelError
from udfs.backend.interpret.steering_vectors import parse_vector
from udfs.backend.model_text import parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_it_reads_what_json_reads(value: Any) -> None:
    text = json.dumps(value)
    assert bounded_json.loads(text) == bounded_json.loads(text.encode()) == value


@given(st.text('[]{}",:\\1 ', max_size=60))
def test_a_text_that_is_not_json_raises_value_error(text: str) -> None:
    try:
        wanted = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            bounded_json.loads(text)
    else:
        assert bounded_json.loads(text) == wanted


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_the_deepest_level(bracket: str) -> None:
    closing = "]" if bracket == "[" else "}"
    deepest = bracket * (MAX_DEPTH - 1) + "[]" + closing * (MAX_DEPTH - 1)
    assert bounded_json.loads(deepest) == json.loads(deepest)
    with pytest.raises(ValueError, match="32 nested levels"):
        bounded_json.loads(f"[{deepest}]")


def test_brackets_inside_strings_and_side_by_side_do_not_nest() -> None:
    wide = ["[" * 1000, '\\"[' * 1000, *([[]] * 1000)]
    assert bounded_json.loads(json.dumps(wide)) == wide


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '["' + "[" * 10 + '",' + "[" * 5000])
def test_deep_nesting_never_reaches_the_parser(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("parsed"))
    with pytest.raises(ValueError, match="nested levels"):
        bounded_json.loads(text)


def test_an_unclosed_string_takes_linear_time() -> None:
    with pytest.raises(ValueError, match="Unterminated"):
        bounded_json.loads("[" * MAX_DEPTH + '"' + '\\"[' * 200_000)


def test_bytes_that_are_not_utf8_raise_value_error() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        bounded_json.loads(b'["\xff"]')


@pytest.mark.parametrize("opening", ["sae(", "direction(", "numbers("])
def test_nested_brackets_in_a_vector(opening: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("parsed"))
    with pytest.raises(ModelError, match="a vector is"):
        parse_vector(opening + "[" * 5000 + ")")


def test_nested_brackets_in_a_list_of_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("parsed"))
    with pytest.raises(ModelError, match="needs a list of prompts"):
        parse("demo ; mean h.0.attn over " + "[" * 5000 + "]")
