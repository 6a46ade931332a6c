from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.interventions import Positions
from udfs.backend.interpret.edits import Add, ClampFeature, EditFact, Mean, Operation, Remove, Scale, SetWeight
from udfs.backend.interpret.steering_vectors import Contrast, Direction, Numbers, SaeFeature
from udfs.backend.model_text import ModelText, parse

numbers = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)
tensors = st.sampled_from(["wte.weight", "h.0.mlp.c_fc.bias", "h.11.attn.c_attn.weight", "ln_f.weight"])
indices = st.lists(st.integers(0, 99999), min_size=1, max_size=2).map(tuple)
components = st.sampled_from(["h.0.attn", "h.9.attn.head.1", "h.11.mlp"])
prompts = st.lists(st.text(), min_size=1, max_size=3).map(tuple)
vectors = st.one_of(
    st.builds(SaeFeature, st.integers(0, 11), st.integers(0, 24575)),
    st.builds(Contrast, st.text(), st.text()),
    st.builds(Direction, prompts, prompts),
    st.builds(Numbers.pack, st.lists(numbers.filter(lambda n: abs(n) < 1e38)).map(np.float32)),
)
positions = st.one_of(
    st.sampled_from([Positions("all"), Positions("prompt"), Positions("last")]),
    st.builds(Positions, st.just("first"), st.integers(0, 9999).map(lambda n: (n,))),
    st.builds(Positions, st.just("list"), st.lists(st.integers(0, 9999), min_size=1).map(tuple)),
)
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(SetWeight, tensors, indices, numbers),
    st.builds(Scale, components, numbers),
    st.builds(Mean, components, prompts),
    st.builds(Add, numbers, vectors, st.sampled_from(["h.2", "blocks.2.hook_resid_mid"]), positions),
    st.builds(ClampFeature, st.builds(SaeFeature, st.integers(0, 11), st.integers(0, 24575)), numbers, positions),
    st.builds(EditFact, components, st.text(), st.text(), st.text()),
    st.builds(Remove, vectors, st.sampled_from(["h.2", "blocks.2.hook_resid_mid"]), positions),
)
names = st.text(st.characters(codec="utf-8", exclude_characters=";"), max_size=20).map(str.strip)


@given(st.builds(ModelText, names, st.booleans(), st.lists(operations, max_size=5).map(tuple), *[st.booleans()] * 2))
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
        ("gpt2 ; add 30*sae(2,7650) to h.2", "gpt2 ; add 30 * sae(2, 7650) to h.2 at all"),
        ("gpt2;add -1 * sae( 2 , 7650 )  to h.2 at  first 3", "gpt2 ; add -1 * sae(2, 7650) to h.2 at first 3"),
        (
            'gpt2 ; add 2 * contrast("a \\u003b b","c) to h.1") to h.6 at 0,3',
            'gpt2 ; add 2 * contrast("a \\u003b b", "c) to h.1") to h.6 at 0, 3',
        ),
        ('gpt2 ; mean h.9.mlp over ["a","b"]', 'gpt2 ; mean h.9.mlp over ["a", "b"]'),
        ("gpt2 ; sae uncentred ; bos", "gpt2 ; bos ; sae uncentred"),
        ("gpt2;float64 ; bos", "gpt2 ; bos ; float64"),
        ("gpt2;clamp sae(2,7650) to 40", "gpt2 ; clamp sae(2, 7650) to 40 at all"),
        ("gpt2;clamp  sae( 2, 7650 )  to 4e1 at last", "gpt2 ; clamp sae(2, 7650) to 40 at last"),
        ("gpt2;remove sae(2,7650) from h.2", "gpt2 ; remove sae(2, 7650) from h.2 at all"),
        (
            'gpt2;remove contrast("x to y", "at from h.1") from h.2.mid at first 2',
            'gpt2 ; remove contrast("x to y", "at from h.1") from h.2.mid at first 2',
        ),
        (
            'gpt2;edit h.5.mlp so "The capital of \\"France\\" is" says  " Rome"  about "France"',
            'gpt2 ; edit h.5.mlp so "The capital of \\"France\\" is" says " Rome" about "France"',
        ),
        ('gpt2;edit h.5.mlp so "a says b" says "c"', 'gpt2 ; edit h.5.mlp so "a says b" says "c"'),
        ("", ""),
    ],
)
def test_typed_text_becomes_canonical(typed: str, canonical: str) -> None:
    assert str(parse(typed)) == canonical


@pytest.mark.parametrize(
    "clause",
    [
        "set", "set x", "set x = 1", "set x[1] 2", "set x[-1] = 2", "set x[1] = two", "set x[1] = nan",
        "scale h.0.attn", "scale h.0.attn by", "scale h.0.attn by inf", "BOS", "add 3", "set x[1,2,3] = 4",
        "add sae(2, 3) to h.2", "add 3 * sae(2, 3)", "add nan * sae(2, 3) to h.2", 'mean h.0.mlp over ["a", 2]',
        "mean h.0.mlp over []", "mean h.0.mlp", "mean h.0.mlp over [a]", "clamp 3", "clamp sae(2, 3)",
        "clamp sae(2, 3) to", "clamp sae(2, 3) to inf", "clamp sae(2, 3) by 4", "edit h.5.mlp",
        'edit h.5.mlp so "a"', 'edit h.5.mlp so a says b', 
        'edit h.5.mlp so "a" says "\\q"', 'edit so "a" says "b"',
        "remove sae(2, 3)", "remove h.2",
    ],
)  # fmt: skip
def test_a_clause_that_cannot_be_read_is_quoted(clause: str) -> None:
    with pytest.raises(ModelError) as error:
        parse(f"gpt2 ; {clause}")
    assert repr(clause) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "vector",
    ["sae(2)", "sae(2, 1.5)", "sae(true, 1)", 'sae("2", 1)', 'contrast("a")', "contrast(a, b)", "numbers(1)",
     "other(1)", 'direction(["a"], [])', 'direction(["a"], [1])', 'direction("a", "b")', "sae(" + "[" * 5000 + ")"],
)  # fmt: skip
def test_a_vector_that_cannot_be_read_is_quoted(vector: str) -> None:
    with pytest.raises(ModelError) as error:
        parse(f"gpt2 ; add 3 * {vector} to h.2")
    assert str(error.value).endswith(f"not {quoted(vector)}")


def test_only_features_are_clamped() -> None:
    with pytest.raises(ModelError, match=r"^clamp takes a feature such as sae\(2, 7650\), not 'contrast"):
        parse('gpt2 ; clamp contrast("a", "b") to 3')


def test_positions_that_cannot_be_read_are_quoted() -> None:
    with pytest.raises(ModelError, match=r"^positions must be all, .*; not 'nowhere'$"):
        parse("gpt2 ; add 3 * sae(2, 3) to h.2 at nowhere")


def test_a_long_clause_is_not_quoted_whole() -> None:
    with pytest.raises(ModelError) as error:
        parse("gpt2 ; " + "x" * 30_000)
    assert len(str(error.value)) < 300
