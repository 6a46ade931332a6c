"""A working call of every function, and the values that each argument must refuse."""

from __future__ import annotations

from typing import Any

import numpy as np

import udfs
from udfs.cells import FUNCTIONS

MODEL = "tiny"
STREAM = np.ones((3, 32), np.float32)
HEAD = np.ones((3, 8), np.float32)

# By function and argument.
WORKING: dict[str, dict[str, Any]] = {
    "gpt2_added": {"residual": STREAM, "place": "h.1"},
    "gpt2_attention": {"prompt": "hello", "layer": 0, "head": 0},
    "gpt2_attention_mix": {"pattern": np.eye(3), "v": HEAD},
    "gpt2_attention_pattern": {"q": HEAD, "k": HEAD},
    "gpt2_attention_scores": {"q": HEAD, "k": HEAD},
    "gpt2_attribution": {"prompt": "hello", "target": " the", "against": 11},
    "gpt2_beam": {"prompt": "hello", "tokens": 3, "beams": 2},
    "gpt2_beam_steps": {"prompt": "hello", "tokens": 3, "beams": 2},
    "gpt2_block": {"layer": 0, "residual": STREAM},
    "gpt2_bpe_steps": {"text": "hello"},
    "gpt2_candidates": {"prompt": "hello", "k": 3, "temperature": 1, "top_k": 5, "top_p": 0.9},
    "gpt2_caveat": {"text": "hello"},
    "gpt2_circuit": {
        "prompts": [["one"], ["two"]],
        "answers": [[" a"], [" b"]],
        "components": "h.0.mlp",
        "method": "mean",
    },
    "gpt2_clamp_model": {"layer": 1, "feature": 3, "value": 2.5, "positions": "last"},
    "gpt2_contrast": {"plus": "hello there", "minus": "hello", "place": "h.1"},
    "gpt2_detokenize": {"ids": [[464, 3797]]},
    "gpt2_direction": {"positive": [["one"], ["two"]], "negative": [["three"], ["four"]], "place": "h.1"},
    "gpt2_divergence": {"prompt": "hello", "reference": "tiny ; scale h.1.mlp by 0"},
    "gpt2_edit": {"values": STREAM, "edits": [[None, 2.0]]},
    "gpt2_edit_fact": {"prompt": "one two three", "subject": "two", "answer": " the", "layer": 1},
    "gpt2_embed": {"ids": [[464], [3797]]},
    "gpt2_gelu": {"x": STREAM},
    "gpt2_generate": {"prompt": "hello", "tokens": 3, "temperature": 1, "top_k": 5, "top_p": 0.9, "seed": 1},
    "gpt2_generate_steps": {
        "prompt": "hello",
        "tokens": 3,
        "temperature": 1,
        "top_k": 5,
        "top_p": 0.9,
        "seed": 1,
        "k": 2,
    },
    "gpt2_head_scores": {"prompt": "hello hello"},
    "gpt2_info": {},
    "gpt2_kq": {"prompt": "hello", "layer": 0, "head": 0},
    "gpt2_layernorm": {"x": STREAM, "parameter": "h.0.ln_1"},
    "gpt2_lens_track": {"prompt": "hello", "target": " the", "position": -1},
    "gpt2_linear": {"x": STREAM, "parameter": "h.0.attn.c_attn"},
    "gpt2_logitlens": {"prompt": "hello", "k": 3, "position": 0, "show": "both"},
    "gpt2_logits": {"residual": STREAM, "k": 3, "temperature": 1},
    "gpt2_logprobs": {"prompt": "hello there"},
    "gpt2_model": {"name": MODEL, "surgery": [["scale", "h.0.attn", 0]]},
    "gpt2_nearest_tokens": {"vector": STREAM[:1], "k": 3},
    "gpt2_neurons": {"prompt": "hello", "target": " the", "layer": 0, "k": 2, "against": 11},
    "gpt2_ov": {"tokens": "hello", "layer": 0, "head": 0, "k": 3},
    "gpt2_parameters": {},
    "gpt2_patch": {"clean": "hello", "corrupted": " the", "answer": " a", "wrong": " b", "what": "heads"},
    "gpt2_path_patch": {
        "clean": "one two",
        "corrupted": "one three",
        "answer": " a",
        "wrong": " b",
        "sender": "h.0.attn.head.1",
        "receivers": "h.1.attn",
    },
    "gpt2_position": {"ids": [[464], [3797]]},
    "gpt2_predict": {"prompt": "hello", "k": 3, "temperature": 1},
    "gpt2_remove_model": {"vector": STREAM[:1], "place": "h.1", "positions": "last"},
    "gpt2_residual": {"prompt": "hello", "place": "h.1"},
    "gpt2_sae_activation": {"residual": STREAM, "layer": 1, "feature": 3},
    "gpt2_sae_decode": {"residual": STREAM, "layer": 1},
    "gpt2_sae_encode": {"residual": STREAM, "layer": 1, "k": 3},
    "gpt2_sae_feature": {"layer": 1, "feature": 3},
    "gpt2_saliency": {"prompt": "hello", "target": " the", "method": "integrated", "against": 11},
    "gpt2_score": {"texts": [["hello there"], ["hello"]]},
    "gpt2_softmax": {"x": STREAM, "temperature": 1},
    "gpt2_speculate": {
        "prompt": "hello",
        "tokens": 3,
        "draft": "tiny ; scale h.1.mlp by 0",
        "seed": 1,
        "temperature": 0.1,  # at 1, `tiny` draws among 50,000 alike tokens, and rounding decides
        "ahead": 2,
    },
    "gpt2_steer": {"residual": STREAM, "vector": STREAM[:1], "coefficient": 2, "positions": "last"},
    "gpt2_steer_generate": {
        "prompt": "hello",
        "vector": STREAM[:1],
        "place": "h.1",
        "coefficients": [[0], [2]],
        "positions": "all",
        "tokens": 3,
    },
    "gpt2_steer_model": {"vector": STREAM[:1], "place": "h.1", "coefficient": 2, "positions": "last"},
    "gpt2_tokenize": {"text": "hello"},
    "gpt2_unembed": {"residual": STREAM, "ids": [[464]]},
    "gpt2_version": {"made_by": "0.1.0"},
    "gpt2_weight": {"parameter": "wpe.weight", "row": 0, "rows": 2, "column": 0, "columns": 2},
}

TOO_LARGE = [[1e300]]  # too large for float32, but not for a cell
_NO_NUMBERS: list[Any] = [
    [[1.0, float("nan")]], [[float("inf"), 1.0]], [[1.0, "text"]], [[1.0, None, 1.0]], [[True, 1.0]], TOO_LARGE,
    "text", [[1.0, "#DIV/0!"]], [[1.0, -2146826281]], [[1.0], [1.0, 2.0]],
]  # fmt: skip
_NO_NUMBER: list[Any] = ["text", float("nan"), float("inf"), -1, True, "#N/A", [[1, 2]], {"errorCode": "#REF!"}]
_TOO_LONG = "a b " * 40  # tokens: tiny takes 64

_POSITION: list[Any] = [*(value for value in _NO_NUMBER if value != -1), -65, 64, 0.5, 5]
_PROMPT: list[Any] = [_TOO_LONG, "#VALUE!", [["a", "b"]]]
_PROMPTS: list[Any] = [[[_TOO_LONG]], [["a"], ["#VALUE!"]], [["a", None, "b"]]]
_TOKEN: list[Any] = ["two words", "#VALUE!", [["a", "b"]], -1, 50257, 0.5, True, float("nan")]
_TEXT: list[Any] = ["#VALUE!", [["a", "b"]]]
_PLACE: list[Any] = ["nothing", "#VALUE!", [["a", "b"]], "h.4", "blocks.0.attn.hook_q.x"]
_STREAM_PLACE: list[Any] = ["nothing", "#VALUE!", [["a", "b"]], "h.4", "h.0.attn.q", "h.0.attn.head.1", "wte"]
_RESIDUAL: list[Any] = [*_NO_NUMBERS, np.ones((2, 31)), np.ones((65, 32))]
_COUNT: list[Any] = [*_NO_NUMBER, 0, 1.5, 10**9]
_INDEX: list[Any] = [*_NO_NUMBER, 1.5, 10**9]
_MODEL: list[Any] = ["no such model", "#VALUE!", "tiny ; dance", [["a", "b"]]]
_CELLS: list[Any] = [[["#VALUE!", 1, 1]]]

# Wrong values by the argument's name, or by `function.argument` if the name means something else there.
WRONG: dict[str, list[Any]] = {
    "against": _TOKEN,
    "ahead": _COUNT,
    "answer": _TOKEN,
    "answers": [[[" a"], ["two words"]], [[" a"], ["#VALUE!"]], [[" a", None, " b"]], [[" a"], [-1]], [[" a"]]],
    "beams": _COUNT,
    "clean": _PROMPT,
    "coefficient": [value for value in _NO_NUMBER if value != -1] + [1e10, -1e10],
    "coefficients": [*_NO_NUMBERS, [[1e10]], [[1.0]] * 65],
    "column": _INDEX,
    "columns": _COUNT,
    "components": ["h.0", "#VALUE!", [["h.0.mlp", "h.3.mlp"]], "h.0.attn.head.4", "wte", 1],
    "corrupted": _PROMPT,
    "draft": [*_MODEL, "../tiny"],
    "edits": _CELLS,
    "feature": _INDEX,
    "head": [*_NO_NUMBER, 4, 0.5],
    "ids": [*_NO_NUMBERS, [[-1]], [[50257]], [[0.5]]],
    "k": _COUNT,
    "layer": [*_NO_NUMBER, 3, 0.5],
    "made_by": ["two", "0.1", "#VALUE!", [["a", "b"]], 1],
    "method": ["median", "#VALUE!", [["a", "b"]], 1],
    "minus": _TEXT,
    "model": [*_MODEL, "tiny ; set ln_f.bias[99] = 1", "../tiny"],
    "name": [*_MODEL, "tiny ; set ln_f.bias[99] = 1"],
    "negative": _PROMPTS,
    "parameter": ["nothing", "#VALUE!", [["a", "b"]], "h.9.ln_1", "h.9.attn.c_attn", "h.9.attn.c_attn.weight"],
    "place": _PLACE,
    "gpt2_added.place": _STREAM_PLACE,
    "gpt2_contrast.place": _STREAM_PLACE,
    "gpt2_direction.place": _STREAM_PLACE,
    "gpt2_remove_model.place": _STREAM_PLACE,
    "gpt2_steer_generate.place": _STREAM_PLACE,
    "gpt2_steer_model.place": _STREAM_PLACE,
    "plus": _TEXT,
    "position": _POSITION,
    "positions": ["text", "first", [["0", "a"]], [["#VALUE!"]], -1, 0.5, [[0, 1.5]]],
    "positive": _PROMPTS,
    "prompt": _PROMPT,
    "prompts": _PROMPTS,
    "texts": _PROMPTS,
    "pattern": _NO_NUMBERS,
    "q": [*_NO_NUMBERS, np.ones((4097, 1))],
    "gpt2_attention_scores.k": [*_NO_NUMBERS, np.ones((3, 7)), np.ones((2, 8))],
    "gpt2_attention_pattern.k": [*_NO_NUMBERS, np.ones((3, 7)), np.ones((2, 8))],
    "v": [*_NO_NUMBERS, np.ones((2, 8))],
    "receivers": ["h.1", "#VALUE!", [["h.1.attn", "h.1.mlp"]], "h.0.attn.head.2", "h.1.attn.head.4", 1],
    "reference": [*_MODEL, "../tiny"],
    "residual": _RESIDUAL,
    "row": _INDEX,
    "rows": _COUNT,
    "seed": [*_NO_NUMBER, 0.5, 1_000_000],
    "sender": ["h.0", "h.0.attn", "h.0.mlp", "#VALUE!", [["a", "b"]], "h.3.attn.head.0", "h.0.attn.head.4", 1],
    "show": ["all", "#VALUE!", [["a", "b"]], 1],
    "subject": ["four", "#VALUE!", [["a", "b"]]],
    "surgery": _CELLS,
    "target": _TOKEN,
    "temperature": [*_NO_NUMBER, 1001],
    "text": _TEXT,
    "tokens": _COUNT,
    "gpt2_ov.tokens": ["#VALUE!", [["a", None, "b"]], [[-1]], [[50257]], [[0.5]], [[True]], [[" a"]] * 65],
    "top_k": [*_NO_NUMBER, 1.5, 50258],
    "top_p": [*_NO_NUMBER, 1.01],
    "value": [value for value in _NO_NUMBER if value != -1] + [1e10, -1e10],
    "values": _NO_NUMBERS,
    "vector": _RESIDUAL,
    "gpt2_nearest_tokens.vector": [*_NO_NUMBERS, np.ones((2, 32)), np.zeros((1, 32))],
    "gpt2_remove_model.vector": [*_RESIDUAL, "sae(1)", "sae(1, 50)", "sae(0, 3)"],
    "gpt2_steer_generate.vector": [*_RESIDUAL, "sae(1)", "sae(1, 50)", "sae(0, 3)"],
    "gpt2_steer_model.vector": [*_RESIDUAL, "sae(1)", "sae(1, 50)", "sae(0, 3)"],
    "what": ["blocks", "#VALUE!", [["a", "b"]], 1],
    "wrong": _TOKEN,
    "x": _NO_NUMBERS,
    "gpt2_layernorm.x": _RESIDUAL,
}


def wrong_values(name: str, argument: str) -> list[Any]:
    """Values that the argument of the function must refuse."""
    values = WRONG.get(f"{name}.{argument}", WRONG[argument])
    has_model = "model" in arguments_of(name)
    return [value for value in values if has_model or argument == "ids" or value is not TOO_LARGE]


def arguments_of(name: str) -> list[str]:
    return [argument.name for argument in FUNCTIONS[name.upper()].arguments]


def call(name: str, /, **changes: Any) -> Any:
    """The result of the working call with some arguments changed."""
    arguments = WORKING[name] | changes
    if "model" in arguments_of(name):
        arguments = {"model": MODEL} | arguments
    return getattr(udfs, name)(**arguments)
