from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from udfs.backend.errors import ModelError
from udfs.backend.gpt2.config import parse_config, read_config

GPT2_SMALL = {
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "n_layer": 12,
    "n_head": 12,
    "n_embd": 768,
    "n_positions": 1024,
    "n_ctx": 1024,
    "vocab_size": 50257,
    "layer_norm_epsilon": 1e-05,
}


@pytest.mark.parametrize(
    ("n_layer", "n_head", "n_embd", "parameters"),
    [
        (12, 12, 768, 124_439_808),
        (24, 16, 1024, 354_823_168),
        (36, 20, 1280, 774_030_080),
        (48, 25, 1600, 1_557_611_200),
        (6, 12, 768, 81_912_576),
    ],
)
def test_shapes_of_the_published_models(n_layer: int, n_head: int, n_embd: int, parameters: int) -> None:
    """Parameter counts of gpt2, -medium, -large, -xl and distilgpt2 (Hugging Face model cards)."""
    config = parse_config({**GPT2_SMALL, "n_layer": n_layer, "n_head": n_head, "n_embd": n_embd})
    assert sum(math.prod(shape) for shape in config.shapes().values()) == parameters
    assert config.d_head == n_embd // n_head


def test_n_inner_can_be_set() -> None:
    assert parse_config({**GPT2_SMALL, "n_inner": None}).n_inner == 3072
    assert parse_config({**GPT2_SMALL, "n_inner": 100}).n_inner == 100


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("model_type", "llama", "config: model_type must be 'gpt2', not 'llama'"),
        ("activation_function", "silu", "config: activation_function must be gelu_new, "),
        ("activation_function", ["gelu"], "config: activation_function must be gelu_new, "),
        ("scale_attn_by_inverse_layer_idx", 1, "config: scale_attn_by_inverse_layer_idx must be true or false, not 1"),
        ("tie_word_embeddings", None, "config: tie_word_embeddings must be true or false, not None"),
        ("add_cross_attention", True, "config: add_cross_attention must be false for GPT-2, not true"),
        ("n_layer", 0, "config: n_layer must be a whole number 1 to 1000, not 0"),
        ("n_layer", 10**9, "config: n_layer must be a whole number 1 to 1000, not 1000000000"),
        ("n_embd", "768", "config: n_embd must be a whole number 1 to 100000, not '768'"),
        ("n_embd", "9" * 5000, f"config: n_embd must be a whole number 1 to 100000, not '{'9' * 59}..."),
        ("n_head", 7, "config: n_embd must be a multiple of n_head, not 768 with 7 heads"),
        ("vocab_size", None, "config: vocab_size must be a whole number 1 to 10000000, not None"),
        ("layer_norm_epsilon", 2.0, "config: layer_norm_epsilon must be a small positive number, not 2.0"),
    ],
)
def test_another_architecture_is_named(name: str, value: object, message: str) -> None:
    with pytest.raises(ModelError, match="^" + message.replace("(", r"\(")):
        parse_config({**GPT2_SMALL, name: value})


@pytest.mark.parametrize("content", ["", "{", "[1]", "[" * 200_000, '{"a": 1}' + " " * 2**20])
def test_a_file_that_is_not_a_config(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(ModelError, match=r"^config\.json"):
        read_config(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^config\.json of "):
        read_config(tmp_path / "config.json")


def test_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(GPT2_SMALL))
    assert read_config(path) == parse_config(GPT2_SMALL)
