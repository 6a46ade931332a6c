from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from tests.random_checkpoint import write_checkpoint
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.checkpoint import open_checkpoint

Tensors = dict[str, NDArray[np.float32]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "model")


def rewrite(folder: Path, change: Callable[[Tensors], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def test_float32_is_mapped_and_not_copied(folder: Path) -> None:
    tensors = open_checkpoint(folder).tensors
    wte = tensors["wte.weight"]
    assert np.array_equal(wte, load_file(folder / "model.safetensors")["wte.weight"])
    assert isinstance(wte.base.base if wte.base is not None else None, (memoryview, np.ndarray))
    assert not wte.flags.writeable
    assert not wte.flags.owndata
    assert tensors["wte.weight"] is wte


def test_tensor_names_may_have_the_prefix_transformer(folder: Path, tmp_path: Path) -> None:
    prefixed = write_checkpoint(tmp_path / "prefixed", prefix="transformer.")
    plain, other = open_checkpoint(folder).tensors, open_checkpoint(prefixed).tensors
    assert list(plain) == list(other)
    assert all(np.array_equal(plain[name], other[name]) for name in plain)


def test_float16_and_bfloat16_become_float32(folder: Path) -> None:
    reference = load_file(folder / "model.safetensors")
    halves = {name: tensor.astype(np.float16) for name, tensor in reference.items()}
    save_file(halves, folder / "model.safetensors")
    tensors = open_checkpoint(folder).tensors
    assert all(np.array_equal(tensors[name], halves[name].astype(np.float32)) for name in reference)

    upper = {name: (tensor.view(np.uint32) >> 16).astype(np.uint16) for name, tensor in reference.items()}
    write_raw(folder / "model.safetensors", upper, "BF16")
    tensors = open_checkpoint(folder).tensors
    for name, tensor in reference.items():
        assert tensors[name].dtype == np.float32
        np.testing.assert_allclose(tensors[name], tensor, rtol=2**-7)


def write_raw(path: Path, tensors: dict[str, NDArray[np.uint16]], dtype: str) -> None:
    header, data = {}, b""
    for name, tensor in tensors.items():
        offsets = [len(data), len(data) + tensor.nbytes]
        header[name] = {"dtype": dtype, "shape": tensor.shape, "data_offsets": offsets}
        data += tensor.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_mask_buffers_and_a_tied_head_are_skipped(folder: Path) -> None:
    def add(tensors: Tensors) -> None:
        tensors["h.0.attn.bias"] = np.tril(np.ones((1, 1, 64, 64), np.float32))
        tensors["h.0.attn.masked_bias"] = np.array(-1e4, np.float32)
        tensors["lm_head.weight"] = tensors["wte.weight"].copy()

    rewrite(folder, add)
    assert "h.0.attn.bias" not in open_checkpoint(folder).tensors


def test_an_untied_head_of_another_shape_is_named(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors.update({"lm_head.weight": tensors["wte.weight"][:9].copy()}))
    with pytest.raises(ModelError, match=r"^lm_head\.weight must have shape 50257 x 32, not 9 x 32$"):
        open_checkpoint(folder)


def test_a_missing_tensor_is_named(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors.pop("h.1.ln_2.bias"))
    with pytest.raises(ModelError, match=r"^h\.1\.ln_2\.bias is missing from the checkpoint$"):
        open_checkpoint(folder)


def test_an_extra_tensor_is_named(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors.update({"h.3.ln_1.bias": tensors["h.2.ln_1.bias"]}))
    with pytest.raises(ModelError, match=r"^h\.3\.ln_1\.bias is not a tensor of GPT-2 with 3 layers$"):
        open_checkpoint(folder)


def test_a_mis_shaped_tensor_is_named(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors.update({"wpe.weight": tensors["wpe.weight"][:10].copy()}))
    with pytest.raises(ModelError, match=r"^wpe\.weight must have shape 64 x 32, not 10 x 32$"):
        open_checkpoint(folder)


def test_a_tensor_of_another_type_is_named(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors.update({"ln_f.bias": tensors["ln_f.bias"].astype(np.int32)}))
    with pytest.raises(ModelError, match=r"^ln_f\.bias must be of type F32, F16, BF16, not I32$"):
        open_checkpoint(folder)


def test_a_truncated_tensor_is_named(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"^[\w.]+ is cut short: it ends at byte \d+, model\.safetensors has \d+$"):
        open_checkpoint(folder)


@pytest.mark.parametrize("content", [b"", b"\x05", b"\xff" * 100, b"\x02\0\0\0\0\0\0\0[]", b"\x02\0\0\0\0\0\0\0{x"])
def test_a_file_that_is_not_safetensors(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError) as error:
        open_checkpoint(folder)
    assert "\n" not in str(error.value)


def test_a_folder_without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"^model has no model\.safetensors$"):
        open_checkpoint(folder)


def test_changed_tensors_share_the_others(folder: Path) -> None:
    tensors = open_checkpoint(folder).tensors
    changed = tensors.with_changes({"ln_f.bias": np.zeros(32, np.float32)})
    assert not changed["ln_f.bias"].any()
    assert tensors["ln_f.bias"].any()
    assert all(changed[name] is tensors[name] for name in tensors if name != "ln_f.bias")
