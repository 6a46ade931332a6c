"""Small random checkpoints of each kind that is found in the wild, the same on every machine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tests.random_checkpoint import config, tensors
from udfs.backend.gpt2.config import parse_config
from udfs.backend.gpt2.vocabulary import END_OF_TEXT_TOKEN, characters

Tensors = dict[str, NDArray[Any]]

SIZES = {"n_layer": 3, "n_head": 4, "n_embd": 32, "n_ctx": 48}
N_VOCAB = 400
IDS = [7, 300, 41, 41, 256, 399, 0, 12, 88, 300]
TEXT = "Der schnelle Fuchs und die schöne Füchsin laufen über die Straße. Die Füchse schlafen unter der Brücke. "
# Texts that a tokenizer has to cut as transformers does.
TEXTS = (
    "Der Fuchs läuft über die Straße.",
    " die  Füchse\n\nund 1234 Brücken",
    f"Straße{END_OF_TEXT_TOKEN}Der Fuchs{END_OF_TEXT_TOKEN}",
    "東京 😀 'll it's\t x",
    "abc xabc bc",
    "",
)

_UNTIED = np.random.RandomState(9).standard_normal((N_VOCAB, SIZES["n_embd"])).astype(np.float32)


def write_config(folder: Path, values: Mapping[str, object]) -> None:
    (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")


def _values(**changes: object) -> dict[str, Any]:
    return {**config(**SIZES, n_vocab=N_VOCAB), **changes}


def _weights(values: Mapping[str, object]) -> Tensors:
    """Logits are some units apart, so that the five largest are the same whatever the order of the sums."""
    shapes = parse_config({**values, "tie_word_embeddings": True}).shapes()
    return {f"transformer.{name}": 2 * tensor for name, tensor in tensors(dict(shapes), seed=3).items()}


def _with_config(**changes: object) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        values = _values(**changes)
        write_config(folder, values)
        save_file(_weights(values), folder / "model.safetensors")

    return write


def _with_weights(change: Callable[[Tensors], Tensors], **changes: object) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        values = _values(**changes)
        write_config(folder, values)
        save_file(change(_weights(values)), folder / "model.safetensors")

    return write


def _only_head(weights: Tensors) -> Tensors:
    weights["lm_head.weight"] = weights.pop("transformer.wte.weight")
    return weights


def _old_config(folder: Path) -> None:
    values = _values()
    values["n_ctx"] = values.pop("n_positions")
    del values["model_type"], values["activation_function"]
    write_config(folder, values)
    save_file(_weights(_values()), folder / "model.safetensors")


def _sharded(folder: Path) -> None:
    weights = _weights(_values())
    write_config(folder, _values())
    names = sorted(weights)
    shards = {f"model-0000{i + 1}-of-00003.safetensors": names[i::3] for i in range(3)}
    for file, of_file in shards.items():
        save_file({name: weights[name] for name in of_file}, folder / file, metadata={"format": "pt"})
    places = {name: file for file, of_file in shards.items() for name in of_file}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


def _half_precision(folder: Path) -> None:
    write_config(folder, _values())
    halves = {name: tensor.astype(np.float16) for name, tensor in _weights(_values()).items()}
    save_file(halves, folder / "model.fp16.safetensors", metadata={"format": "pt"})


KINDS: Mapping[str, Callable[[Path], None]] = {
    "usual": _with_config(),
    "exact GELU": _with_config(activation_function="gelu"),
    "ReLU": _with_config(activation_function="relu"),
    "CRFM": _with_config(scale_attn_by_inverse_layer_idx=True, reorder_and_upcast_attn=True),
    "unscaled attention": _with_config(scale_attn_weights=False),
    "n_inner": _with_config(n_inner=40),
    "untied": _with_weights(lambda weights: {**weights, "lm_head.weight": _UNTIED}, tie_word_embeddings=False),
    "untied in the file alone": _with_weights(lambda weights: {**weights, "lm_head.weight": _UNTIED}),
    "lm_head alone": _with_weights(_only_head),
    "old config": _old_config,
    "sharded": _sharded,
    "half precision": _half_precision,
    "padded vocabulary": _with_config(vocab_size=448),
}


def write_kind(kind: str, folder: Path) -> Path:
    """Writes a checkpoint of one kind and returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    KINDS[kind](folder)
    return folder


def trained(n_merges: int = 45) -> tuple[dict[str, int], list[str]]:
    """A byte-level BPE of its own: its vocabulary and its merges. Its ids are not in the order of the merges."""
    shown = characters()
    words = Counter("".join(shown[byte] for byte in f" {word}".encode()) for word in TEXT.split())
    parts = {word: list(word) for word in words}
    merges: list[tuple[str, str]] = []
    for _ in range(n_merges):
        pairs: Counter[tuple[str, str]] = Counter()
        for word, count in words.items():
            for pair in zip(parts[word], parts[word][1:], strict=False):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        parts = {word: _joined(part, best) for word, part in parts.items()}
    tokens = [END_OF_TEXT_TOKEN, *("".join(pair) for pair in reversed(merges)), *shown.values()]
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}, [" ".join(pair) for pair in merges]


def _joined(parts: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if joined and (joined[-1], part) == pair:
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _tokenizer_json(*, prefix_space: bool) -> dict[str, Any]:
    vocabulary, merges = trained()
    byte_level = {"type": "ByteLevel", "add_prefix_space": prefix_space, "trim_offsets": True, "use_regex": True}
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "fuse_unk": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": vocabulary[END_OF_TEXT_TOKEN], "content": END_OF_TEXT_TOKEN, **added}],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {**model, "end_of_word_suffix": "", "vocab": vocabulary, "merges": merges},
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _odd_merges(folder: Path) -> None:
    """`a` and `bc` have a merge, but no text reaches it, because `a` and `b` are merged first."""
    content = _tokenizer_json(prefix_space=False)
    vocabulary = {token: i for i, token in enumerate([END_OF_TEXT_TOKEN, "abc", "bc", "ab", *characters().values()])}
    content["model"] |= {"vocab": vocabulary, "merges": ["a b", "b c", "a bc"]}
    _write_json(folder / "tokenizer.json", content)


def _one_file(folder: Path) -> None:
    _write_json(folder / "tokenizer.json", _tokenizer_json(prefix_space=False))


def _prefix_space(folder: Path) -> None:
    _write_json(folder / "tokenizer.json", _tokenizer_json(prefix_space=True))


def _two_files(folder: Path) -> None:
    vocabulary, merges = trained()
    _write_json(folder / "vocab.json", vocabulary)
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")


TOKENIZERS: Mapping[str, Callable[[Path], None]] = {
    "tokenizer.json": _one_file,
    "prefix space": _prefix_space,
    "vocab.json and merges.txt": _two_files,
    "odd merges": _odd_merges,
}
