from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.backend.errors import ModelError
from udfs.backend.model_text import ModelText, parse
from udfs.backend.surgery import Operation, Scale, SetWeight

numbers = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)
tensors = st.sampled_from(["wte.weight", "h.0.mlp.c_fc.bias", "h.11.attn.c_attn.weight", "ln_f.weight"])
indices = st.lists(st.integers(0, 99999), min_size=1, max_size=2).map(tuple)
components = st.sampled_from(["h.0.attn", "h.9.attn.head.1", "h.11.mlp"])
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(SetWeight, tensors, indices, numbers), st.builds(Scale, components, numbers)
)
names = st.text(st.characters(codec="utf-8", exclude_characters=";"), max_size=20).map(str.strip)


@given(st.builds(ModelText, names, st.booleans(), st.lists(operations, max_size=5).map(tuple)))
def test_parse_and_print_are_inverse(model: ModelText) -> None:
    assert parse(str(model)) == model
    assert str(parse(str(model))) == str(model)


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("gpt2", "gpt2"),
        ("  gpt2  ", "gpt2"),
        ("gpt2;bos", "gpt2 ; bos"),
        ("gpt2 ; ; bos ;", "gpt2 ; bos"),
        ("gpt2;scale h.9.attn.head.1 by 0;bos", "gpt2 ; bos ; scale h.9.attn.head.1 by 0"),
        ("gpt2 ; set h.0.mlp.c_fc.bias[ 17 ]=.50", "gpt2 ; set h.0.mlp.c_fc.bias[17] = 0.5"),
        ("gpt2 ; set  wte.weight[1,2] = 1e3", "gpt2 ; set wte.weight[1, 2] = 1000"),
        ("my model", "my model"),
        ("", ""),
    ],
)
def test_what_a_person_types_becomes_canonical(typed: str, canonical: str) -> None:
    assert str(parse(typed)) == canonical


@pytest.mark.parametrize(
    "clause",
    [
        "set", "set x", "set x = 1", "set x[1] 2", "set x[-1] = 2", "set x[1] = two", "set x[1] = nan",
        "scale h.0.attn", "scale h.0.attn by", "scale h.0.attn by inf", "BOS", "add 3", "set x[1,2,3] = 4",
    ],
)  # fmt: skip
def test_a_clause_that_cannot_be_read_is_quoted(clause: str) -> None:
    with pytest.raises(ModelError) as error:
        parse(f"gpt2 ; {clause}")
    assert repr(clause) in str(error.value)
    assert "\n" not in str(error.value)
