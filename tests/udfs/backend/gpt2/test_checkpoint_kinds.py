"""Checkpoints as they are found, compared with what transformers computes from the same files.

`tests/parity/transformers_kinds.py` records the fixture.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import udfs
from tests.checkpoint_kinds import IDS, KINDS, TEXTS, TOKENIZERS, write_kind
from tests.random_checkpoint import write_checkpoint
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.checkpoint import open_checkpoint
from udfs.backend.interpret import gradients
from udfs.backend.next_token import top
from udfs.backend.stream import residual_stream
from udfs.cells import CellError

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[3] / "fixtures" / "checkpoint_kinds.json").read_text())


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder."""
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_the_logits_are_those_of_transformers(models: Path, kind: str) -> None:
    write_kind(kind, models / kind)
    model, theirs = catalogue.load(kind), np.array(RECORDED["logits"][kind])
    readable = forward.forward(IDS, model)[-1]
    usual = forward.unembed(residual_stream(IDS, model)[-1], model)[-1]
    for ours in (readable, usual):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
        assert top(ours, 5).tolist() == top(theirs, 5).tolist()


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_tokens_are_those_of_transformers(models: Path, kind: str) -> None:
    folder = write_kind("usual", models / "own")
    TOKENIZERS[kind](folder)
    tokenizer = catalogue.load("own").tokenizer
    for text, ids in zip(TEXTS, RECORDED["ids"][kind], strict=True):
        assert tokenizer.encode(text) == ids
        assert tokenizer.decode(ids).replace(" ", "") == text.replace(" ", "")


def test_every_function_uses_the_models_own_tokenizer(models: Path) -> None:
    folder = write_kind("usual", models / "own")
    TOKENIZERS["tokenizer.json"](folder)
    text = "Der Fuchs"
    ids = RECORDED["ids"]["tokenizer.json"][0][: len(catalogue.load("own").tokenizer.encode(text))]
    table = udfs.gpt2_tokenize(text, "own")[1:]
    assert [row[2] for row in table] == ids != [row[2] for row in udfs.gpt2_tokenize(text, "demo")[1:]]
    assert "".join(row[1] for row in table) == text
    assert udfs.gpt2_detokenize(ids, "own") == text
    steps = udfs.gpt2_bpe_steps(text, "own")
    assert steps[-1][3] == " | ".join(row[1] for row in table[-2:]) == " F | uchs"
    assert [row[1] for row in udfs.gpt2_logprobs(text, "own")[1:]] == [row[1] for row in table]
    write_kind("usual", models / "other")
    with pytest.raises(CellError, match=r"^draft must have the tokenizer of own, not another one$"):
        udfs.gpt2_speculate(text, 3, "other", model="own")


def test_ids_without_a_token_are_shown_as_such(models: Path) -> None:
    """A vocabulary of 400 for a tokenizer of some 300 tokens, as 50,304 is for GPT-2's 50,257."""
    folder = write_kind("usual", models / "padded")
    TOKENIZERS["tokenizer.json"](folder)
    text = "Der Fuchs"
    size = len(catalogue.load("padded").tokenizer.vocabulary.tokens)
    assert 300 < size < 399
    rows = udfs.gpt2_predict(text, 400, model="padded")[1:]
    assert {row[1] for row in rows if row[2] >= size} == {f"<|unused {i}|>" for i in range(size, 400)}
    assert len({row[1] for row in rows}) == 400
    for table in (
        udfs.gpt2_generate_steps(text, 12, 1.5, seed=1, model="padded"),
        udfs.gpt2_beam(text, 6, 3, "padded"),
        udfs.gpt2_beam_steps(text, 3, 3, "padded"),
        udfs.gpt2_logitlens(text, k=3, model="padded"),
        udfs.gpt2_candidates(text, 400, model="padded"),
        udfs.gpt2_nearest_tokens(udfs.gpt2_embed([399], "padded"), 5, "padded"),
    ):
        assert "<|unused " in str(table)
    assert udfs.gpt2_detokenize([399], "padded") == "<|unused 399|>"
    assert udfs.gpt2_generate(text, 12, 1.5, seed=1, model="padded")


def test_gpt2s_tokenizer_with_a_padded_vocabulary(models: Path) -> None:
    write_checkpoint(models / "padded", "padded")
    assert udfs.gpt2_tokenize("Hello", "padded") == udfs.gpt2_tokenize("Hello", "demo")
    assert udfs.gpt2_detokenize([15496, 50303], "padded") == "Hello<|unused 50303|>"


def refuse(models: Path, change: Callable[[Path], object]) -> str:
    change(write_kind("usual", models / "model"))
    with pytest.raises(ModelError) as error:
        catalogue.load("model")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_pickled_checkpoint_is_not_opened(models: Path) -> None:
    def only_pickled(folder: Path) -> None:
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    message = refuse(models, only_pickled)
    assert message.startswith("model model has no model.safetensors, and its pytorch_model.bin is not opened")
    assert "gpt2-excel download OWNER/REPOSITORY" in message
    assert "from_pretrained" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": {"type": "WordPiece"}}, "model.type must be 'BPE' as in GPT-2's tokenizer, not 'WordPiece'"),
        ({"normalizer": {"type": "NFC"}}, "normalizer must be None as in GPT-2's tokenizer, not {'type': 'NFC'}"),
        ({"pre_tokenizer": {"type": "Metaspace"}}, "pre_tokenizer.type must be 'ByteLevel'"),
        ({"model": {"type": "BPE", "vocab": {"a": 1}, "merges": ["a"]}}, "must be a byte-level BPE"),
        ({"model": {"type": "BPE", "vocab": {"▁a": 1}, "merges": []}}, "must be a byte-level BPE"),
        ({"model": {"type": "BPE", "vocab": {"a": 1}, "merges": ["a a"]}}, "has no token for the merge"),
        ({"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}, "must give each token a whole number"),
        ({"model": {"type": "BPE", "vocab": {"a": 1}, "merges": [5]}}, "must have lists of merges and added_tokens"),
        ({"model": [1]}, "model and pre_tokenizer must be objects"),
        ({"added_tokens": [{"content": "\ud800", "id": 1}]}, "must be a byte-level BPE"),
        ([], "must hold a JSON object, not list"),
    ],
)
def test_a_tokenizer_of_another_kind_is_one_line(models: Path, content: Any, message: str) -> None:
    usual = {"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 1}, "merges": []}}
    whole = {**usual, **content} if isinstance(content, dict) else content
    assert message in refuse(models, lambda folder: (folder / "tokenizer.json").write_text(json.dumps(whole)))


@pytest.mark.parametrize("name", ["vocab.txt", "spiece.model", "merges.txt"])
def test_a_tokenizer_in_other_files_is_one_line(models: Path, name: str) -> None:
    message = refuse(models, lambda folder: (folder / name).write_text("x"))
    assert message.startswith("the tokenizer of model cannot be read: it must be tokenizer.json, or vocab.json and")
    assert message.endswith(f"not {name}")


@pytest.mark.parametrize(
    "index", [{}, {"weight_map": {}}, {"weight_map": {"a": "../x.safetensors"}}, {"weight_map": {"a": 5}}, []]
)
def test_an_index_lists_files_of_its_own_folder(models: Path, index: object) -> None:
    def broken(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    assert "model.safetensors.index.json must " in refuse(models, broken)


def test_a_missing_shard_is_named(models: Path) -> None:
    folder = write_kind("sharded", models / "model")
    (folder / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(ModelError, match=r"^model-00002-of-00003\.safetensors cannot be read: No such file"):
        open_checkpoint(folder)


def test_surgery_on_an_untied_head(models: Path) -> None:
    write_kind("untied", models / "untied")
    before = udfs.gpt2_unembed(udfs.gpt2_residual("!", "h.2.out", "untied"), [5], "untied")
    edited = "untied ; set lm_head.weight[5, 0] = 3"
    after = udfs.gpt2_unembed(udfs.gpt2_residual("!", "h.2.out", edited), [5], edited)
    assert before != after
    assert np.array_equal(udfs.gpt2_embed([5], "untied"), udfs.gpt2_embed([5], edited))


@pytest.mark.parametrize("kind", ["exact GELU", "ReLU", "CRFM", "unscaled attention", "untied"])
def test_gradients_are_those_of_the_models_own_formulas(models: Path, kind: str) -> None:
    """The gradient of a logit says how it changes with a small step of the embeddings."""
    write_kind(kind, models / kind)
    model = catalogue.load(f"{kind} ; float64")
    step = 1e-6 * np.random.RandomState(0).standard_normal((len(IDS), 32))

    def logit_after(sign: int) -> float:
        def hook(place: str, value: Array) -> Array:
            return value + sign * step if place == "hook_embed" else value

        return float(forward.forward(IDS, model, hook)[-1, 5])

    found = gradients.gradients(IDS, gradients.logit(5), model)
    change = (logit_after(1) - logit_after(-1)) / 2
    assert (found.places["hook_embed"] * step).sum() == pytest.approx(change, rel=1e-4)
