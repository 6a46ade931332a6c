from __future__ import annotations

import json
import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from tests.random_sae import tensors, write_sae
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.interpret import sae
from udfs.cells import FUNCTIONS
from udfs.models.demo.facts import facts

GPT2_SHAPES = {"W_dec": (24576, 768), "W_enc": (768, 24576), "b_dec": (768,), "b_enc": (24576,)}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.01, 100))
def test_encode_and_decode_follow_the_formula(
    tmp_path_factory: pytest.TempPathFactory, seed: int, scale: float
) -> None:
    autoencoder = sae.open_autoencoder(write_sae(tmp_path_factory.mktemp("sae"), 16, 40, seed))
    w = {name: tensor.astype(np.float64) for name, tensor in tensors(16, 40, seed).items()}
    x = np.random.default_rng(seed).standard_normal((3, 16)) * scale
    features = np.maximum((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"], 0)
    rebuilt = features @ w["W_dec"] + w["b_dec"]
    single = x.astype(np.float32)
    np.testing.assert_allclose(autoencoder.encode(single), features, rtol=1e-4, atol=1e-4 * scale + 1e-4)
    np.testing.assert_allclose(
        autoencoder.decode(features.astype(np.float32)), rebuilt, rtol=1e-4, atol=1e-4 + scale / 1e4
    )
    np.testing.assert_allclose(autoencoder.error(single), x - rebuilt, rtol=1e-4, atol=1e-3 * scale + 1e-4)


def test_a_feature_is_a_row_of_the_decoder(tmp_path: Path) -> None:
    folder = write_sae(tmp_path / "sae")
    autoencoder = sae.open_autoencoder(folder)
    reference = load_file(folder / "sae_weights.safetensors")
    assert (autoencoder.n_embd, autoencoder.n_features) == (32, 50)
    for feature in (0, 7, 49):
        np.testing.assert_array_equal(autoencoder.feature(feature), reference["W_dec"][feature])
    for wrong in (-1, 50):
        with pytest.raises(ModelError, match=f"^feature must be 0 to 49, not {wrong}$"):
            autoencoder.feature(wrong)


def test_half_precision(tmp_path: Path) -> None:
    folder = write_sae(tmp_path / "sae")
    halves = {name: tensor.astype(np.float16) for name, tensor in load_file(folder / "sae_weights.safetensors").items()}
    save_file(halves, folder / "sae_weights.safetensors")
    autoencoder = sae.open_autoencoder(folder)
    np.testing.assert_array_equal(autoencoder.feature(3), halves["W_dec"][3].astype(np.float32))
    assert autoencoder.encode(np.ones((2, 32), np.float32)).dtype == np.float32


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_reading_a_row_loads_only_that_row(tmp_path: Path) -> None:
    """A sparse file of GPT-2's size, 151 MB, with one row of data: reading that row loads a few pages."""
    folder = write_sae(tmp_path / "sae")
    row = np.arange(768, dtype=np.float32)
    write_sparse(folder / "sae_weights.safetensors", 7650, row)
    before = resident()
    autoencoder = sae.open_autoencoder(folder)
    np.testing.assert_array_equal(autoencoder.feature(7650), row)
    assert not autoencoder.feature(24575).any()
    assert resident() - before < 4 * 2**20


def write_sparse(path: Path, index: int, row: np.ndarray) -> None:
    header, start, at = {}, 0, 0
    for name, shape in GPT2_SHAPES.items():
        stop = start + 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, stop]}
        at = start + 4 * 768 * index if name == "W_dec" else at
        start = stop
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.seek(at, os.SEEK_CUR)
        file.write(row.tobytes())
        file.truncate(8 + len(text) + start)


def resident() -> int:
    """The bytes of this process in memory, including pages of mapped files."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match
    return int(match[1]) * 1024


def test_folders_of_autoencoders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert sae.installed("gpt2") == {}
    snapshot = tmp_path / "hub" / "models--jbloom--GPT2-Small-SAEs-Reformatted" / "snapshots" / "abc"
    cached = write_sae(snapshot / "blocks.2.hook_resid_pre")
    write_sae(snapshot / "blocks.3.hook_resid_pre")
    own = write_sae(tmp_path / "models" / "sae" / "gpt2" / "blocks.3.hook_resid_pre")
    (own / ".." / "blocks.4.hook_resid_pre").mkdir()
    assert sae.installed("gpt2") == {2: cached, 3: own}
    assert sae.installed("gpt2-medium") == {}
    assert sae.installed("demo").keys() == {facts().jedi.layer}


def test_a_missing_autoencoder_is_reported_with_a_remedy() -> None:
    with pytest.raises(ModelError) as error:
        sae.load_for(load("tiny"), 0)
    assert str(error.value) == "layer must be one that has a sparse autoencoder for tiny on this machine (1), not 0"


def test_the_jedi_feature_of_gpt2_is_not_that_of_demo() -> None:
    jedi = facts().jedi
    with pytest.raises(ModelError, match=r"^layer must be .* \(6\), not 2; ") as error:
        sae.load_for(load("demo"), 2)
    assert str(error.value).endswith(f"sae(2, 7650) is GPT-2's Jedi feature, and demo's is {jedi.vector}")


def test_a_missing_autoencoder_of_gpt2_names_the_command(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (models_folder / "gpt2").symlink_to(models_folder / "tiny")
    try:
        with pytest.raises(ModelError) as error:
            sae.load_for(load("gpt2"), 2)
    finally:
        (models_folder / "gpt2").unlink()
    assert str(error.value) == (
        "layer must be one that has a sparse autoencoder for gpt2 on this machine (none), not 2; "
        "gpt2-excel download sae 2 fetches it"
    )


def test_an_autoencoder_of_another_width_is_refused(models_folder: Path) -> None:
    folder = write_sae(models_folder / "sae" / "tiny" / "blocks.2.hook_resid_pre", n_embd=31)
    try:
        with pytest.raises(ModelError, match=r"must be for 32 channels, as tiny has, not 31$"):
            sae.load_for(load("tiny"), 2)
    finally:
        for path in (*folder.iterdir(), folder):
            path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"architecture": "jumprelu"}, "cfg.json: architecture must be standard for this formula, not 'jumprelu'"),
        ({"apply_b_dec_to_input": False}, "cfg.json: apply_b_dec_to_input must be True for this formula, not False"),
        ([], "cfg.json must hold a JSON object, not list"),
    ],
)
def test_another_kind_of_autoencoder_is_refused(tmp_path: Path, values: object, message: str) -> None:
    folder = write_sae(tmp_path / "sae")
    (folder / "cfg.json").write_text(json.dumps(values))
    with pytest.raises(ModelError) as error:
        sae.open_autoencoder(folder)
    assert str(error.value) == message


@pytest.mark.parametrize("name", ["W_enc", "b_enc", "W_dec", "b_dec"])
def test_a_missing_or_mis_shaped_tensor_is_named(tmp_path: Path, name: str) -> None:
    folder = write_sae(tmp_path / "sae")
    whole = tensors(32, 50)
    save_file({other: tensor for other, tensor in whole.items() if other != name}, folder / "sae_weights.safetensors")
    with pytest.raises(ModelError, match=f"^{name} is missing from sae_weights.safetensors$"):
        sae.open_autoencoder(folder)
    save_file(whole | {"b_enc": np.ones(49, np.float32)}, folder / "sae_weights.safetensors")
    with pytest.raises(ModelError, match=r"^b_enc must have shape 50, not 49$"):
        sae.open_autoencoder(folder)


def test_centring_subtracts_the_mean_of_each_row() -> None:
    x = np.array([[1, 2, 3], [5, 5, 5]], np.float32)
    np.testing.assert_array_equal(sae.centre(x), [[-1, 0, 1], [0, 0, 0]])


def finetuned(folder: Path, **changes: object) -> Path:
    """A finetuned autoencoder: each feature is scaled by its own factor when it is decoded."""
    write_sae(folder)
    file = folder / "sae_weights.safetensors"
    factor = np.linspace(0.5, 2, 50, dtype=np.float32)
    save_file({**load_file(file), "scaling_factor": factor}, file)
    settings = {"d_in": 32, "d_sae": 50, "finetuning_scaling_factor": True, **changes}
    (folder / "cfg.json").write_text(json.dumps(settings))
    return folder


def test_a_finetuned_autoencoder_scales_its_features_before_decoding(tmp_path: Path) -> None:
    """As SAELens does: the strengths stay, and the stream is rebuilt from the strengths times `scaling_factor`."""
    plain, scaled = sae.open_autoencoder(write_sae(tmp_path / "plain")), sae.open_autoencoder(finetuned(tmp_path / "f"))
    ignored = sae.open_autoencoder(finetuned(tmp_path / "ignored", finetuning_scaling_factor=False))
    features = plain.encode(np.random.RandomState(1).standard_normal((3, 32)).astype(np.float32))
    factor = load_file(tmp_path / "f" / "sae_weights.safetensors")["scaling_factor"]
    np.testing.assert_array_equal(scaled.decode(features), plain.decode(features * factor))
    np.testing.assert_array_equal(ignored.decode(features), plain.decode(features))
    assert not np.allclose(scaled.decode(features), plain.decode(features))


def test_a_finetuned_autoencoder_without_its_factors_is_refused(tmp_path: Path) -> None:
    folder = write_sae(tmp_path / "sae")
    (folder / "cfg.json").write_text('{"finetuning_scaling_factor": true}')
    with pytest.raises(ModelError, match=r"^scaling_factor is missing from sae_weights\.safetensors$"):
        sae.open_autoencoder(folder)


def test_files_that_change_while_the_process_runs_are_noticed(models_folder: Path) -> None:
    """In results that are kept, in models that are kept, and in the autoencoder itself."""
    folder = models_folder / "sae" / "tiny" / "blocks.2.hook_resid_pre"
    text = "tiny ; add 3 * sae(2, 4) to h.2 at all"
    function = FUNCTIONS["GPT2_SAE_FEATURE"]
    try:
        write_sae(folder, seed=5)
        first, steered = function.answer([2, 4, "tiny"]), load(text)
        assert load(text) is steered
        write_sae(folder, seed=6)
        os.utime(folder / "sae_weights.safetensors", ns=(1, 1))
        second = function.answer([2, 4, "tiny"])
        assert (np.array(second) == tensors(32, 50, 6)["W_dec"][4]).all()
        assert (np.array(second) != np.array(first)).any()
        assert load(text).fingerprint != steered.fingerprint
        assert (load(text).interventions[0].rows != steered.interventions[0].rows).any()
        (folder / "cfg.json").write_text('{"architecture": "topk"}')
        assert "architecture must be standard" in str(function.answer([2, 4, "tiny"]))
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    assert "layer must be one that has a sparse autoencoder" in str(function.answer([2, 4, "tiny"]))
