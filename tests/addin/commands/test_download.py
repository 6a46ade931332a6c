"""`gpt2-excel download` from a local hub."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub.constants as hub_constants
import pytest
from click.testing import Result
from safetensors.numpy import save

from tests import random_sae
from tests.checkpoint_kinds import TOKENIZERS, write_kind
from tests.random_checkpoint import config, tensors
from udfs.backend.gpt2.checkpoint import open_checkpoint
from udfs.backend.gpt2.config import parse_config
from udfs.backend.interpret.sae import HUB_REPOSITORY, installed, open_autoencoder

Run = Callable[..., Result]
CONFIG = config(n_layer=1, n_head=2, n_embd=8, n_ctx=16, n_vocab=300)
TINY = parse_config(CONFIG)
# The command line in a separate process, which receives small chunks.
PROCESS = "import huggingface_hub.constants as c; c.DOWNLOAD_CHUNK_SIZE = 1000; from addin.cli import main; main()"


@pytest.fixture
def repository(hub: Any) -> dict[str, bytes]:
    """A GPT-2 on the hub, under the name gpt2."""
    files = {"config.json": json.dumps(CONFIG).encode(), "model.safetensors": save(tensors(TINY.shapes()))}
    hub.repositories["openai-community/gpt2"] = files
    return files


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)


def test_a_model_arrives_and_can_be_opened(gpt2_excel: Run, repository: dict[str, bytes], models: Path) -> None:
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 0, result.output
    assert {path.name for path in models.iterdir()} == {"gpt2"}
    assert {path.name for path in (models / "gpt2").iterdir()} == {"config.json", "model.safetensors"}
    assert (models / "gpt2/model.safetensors").read_bytes() == repository["model.safetensors"]
    assert open_checkpoint(models / "gpt2").config == TINY
    assert "gpt2-excel run --model gpt2" in result.stdout


def test_a_model_on_this_machine_is_not_fetched_again(gpt2_excel: Run, repository: dict[str, bytes], hub: Any) -> None:
    gpt2_excel("download", "gpt2")
    hub.repositories.clear()
    again = gpt2_excel("download", "openai-community/gpt2")
    assert again.exit_code == 0
    assert "already" in again.stdout
    assert gpt2_excel("download", "gpt2", "--force").exit_code == 1


def test_force_fetches_again(gpt2_excel: Run, repository: dict[str, bytes], hub: Any, models: Path) -> None:
    gpt2_excel("download", "gpt2")
    assert gpt2_excel("download", "gpt2", "--force").exit_code == 0
    assert len(hub.ranges) == 2
    assert open_checkpoint(models / "gpt2").config == TINY


def test_a_damaged_model_is_fetched_again(gpt2_excel: Run, repository: dict[str, bytes], models: Path) -> None:
    gpt2_excel("download", "gpt2")
    (models / "gpt2/model.safetensors").write_bytes(b"cut")
    assert gpt2_excel("download", "gpt2").exit_code == 0
    assert (models / "gpt2/model.safetensors").read_bytes() == repository["model.safetensors"]


def test_a_model_that_a_program_has_open_stays_whole(
    gpt2_excel: Run, repository: dict[str, bytes], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows a file in use cannot be removed, and its folder cannot be moved."""
    gpt2_excel("download", "gpt2")
    move = Path.replace

    def moved(path: Path, target: Path) -> Path:
        if path == models / "gpt2":
            raise PermissionError(13, "in use", str(path))
        return move(path, target)

    def removed(path: Path, ignore_errors: bool = False) -> None:
        (path / "config.json").unlink(missing_ok=True)

    monkeypatch.setattr(Path, "replace", moved)
    monkeypatch.setattr("shutil.rmtree", removed)
    result = gpt2_excel("download", "gpt2", "--force")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert open_checkpoint(models / "gpt2").config == TINY


def test_a_repository_gives_its_name_to_the_model(gpt2_excel: Run, repository: dict[str, bytes], hub: Any) -> None:
    hub.repositories["someone/gpt2"] = repository
    result = gpt2_excel("download", "someone/gpt2")
    assert result.exit_code == 0, result.output
    assert "someone--gpt2" in gpt2_excel("models").stdout


@pytest.mark.usefixtures("no_waiting")
def test_a_cut_transfer_resumes_where_it_was_cut(
    gpt2_excel: Run, repository: dict[str, bytes], hub: Any, models: Path
) -> None:
    hub.cuts = [3000, 2000]
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 0, result.output
    assert hub.ranges == [None, "bytes=3000-", "bytes=5000-"]
    assert (models / "gpt2/model.safetensors").read_bytes() == repository["model.safetensors"]


@pytest.mark.usefixtures("no_waiting")
def test_a_lost_connection_is_one_line_and_the_next_attempt_resumes(
    gpt2_excel: Run, repository: dict[str, bytes], hub: Any, models: Path
) -> None:
    hub.cuts = [4000, *[0] * 6]
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) == 1
    assert "model.safetensors" in result.stderr
    assert not (models / "gpt2").exists()
    hub.cuts, hub.ranges = [], []
    assert gpt2_excel("download", "gpt2").exit_code == 0
    assert hub.ranges == ["bytes=4000-"]
    assert (models / "gpt2/model.safetensors").read_bytes() == repository["model.safetensors"]


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_stops_and_the_next_process_resumes(
    gpt2_excel: Run, repository: dict[str, bytes], hub: Any, models: Path
) -> None:
    hub.stall.clear()
    hub.cuts = [5000]
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, "download", "gpt2"], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    while process.poll() is None and not any(part.stat().st_size >= 4000 for part in models.glob("*/*.part")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1] == "gpt2-excel: stopped"
    assert "Traceback" not in errors
    assert not (models / "gpt2").exists()
    hub.ranges.clear()
    assert gpt2_excel("download", "gpt2").exit_code == 0
    (asked,) = hub.ranges
    assert asked in ("bytes=4000-", "bytes=5000-")
    assert (models / "gpt2/model.safetensors").read_bytes() == repository["model.safetensors"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_with_a_wrong_checksum_is_removed(
    gpt2_excel: Run, repository: dict[str, bytes], hub: Any, models: Path, name: str
) -> None:
    hub.etags[name] = "0" * (64 if name == "model.safetensors" else 40)
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 3
    assert f"{name} of openai-community/gpt2 was damaged on the way" in result.stderr
    assert not list(models.glob(f"*/{name}*"))


def test_a_hub_without_checksums_is_not_trusted(gpt2_excel: Run, repository: dict[str, bytes], hub: Any) -> None:
    hub.etags["model.safetensors"] = "abc"
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 1
    assert "checksum" in result.stderr


def test_a_partial_file_of_an_older_version_is_not_mixed_in(
    gpt2_excel: Run, repository: dict[str, bytes], hub: Any, models: Path
) -> None:
    folder = models / "gpt2.incomplete"
    folder.mkdir(parents=True)
    (folder / "model.safetensors.aaaaaaaaaaaa.3.part").write_bytes(b"old")
    assert gpt2_excel("download", "gpt2").exit_code == 0
    assert hub.ranges == [None]
    assert {path.name for path in (models / "gpt2").iterdir()} == {"config.json", "model.safetensors"}


def test_a_repository_of_another_architecture_is_refused_before_its_weights_arrive(
    gpt2_excel: Run, repository: dict[str, bytes], hub: Any, models: Path
) -> None:
    repository["config.json"] = json.dumps({**CONFIG, "model_type": "llama"}).encode()
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 1
    assert "model_type must be 'gpt2', not 'llama'" in result.stderr
    assert hub.ranges == []
    assert list(models.iterdir()) == []


def test_weights_of_another_shape_are_refused_and_removed(
    gpt2_excel: Run, repository: dict[str, bytes], models: Path
) -> None:
    repository["config.json"] = json.dumps({**CONFIG, "n_layer": 2}).encode()
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 1
    assert "h.1.ln_1.weight is missing" in result.stderr
    assert list(models.iterdir()) == []


def test_a_repository_without_safetensors(gpt2_excel: Run, repository: dict[str, bytes]) -> None:
    del repository["model.safetensors"]
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 1
    assert "openai-community/gpt2 has no model.safetensors" in result.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no/such", "no/such is not on the hub"),
        ("nonsense", "NAME must be gpt2, gpt2-medium"),
        ("a/b/c", "NAME must be gpt2, gpt2-medium"),
        ("../etc", "NAME must be"),
    ],
)
@pytest.mark.usefixtures("hub")
def test_an_unknown_name_is_one_line(gpt2_excel: Run, name: str, said: str) -> None:
    result = gpt2_excel("download", name)
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_no_network_is_one_line(gpt2_excel: Run, hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = "http://127.0.0.1:1"
    monkeypatch.setattr(
        hub_constants, "HUGGINGFACE_CO_URL_TEMPLATE", closed + "/{repo_id}/resolve/{revision}/{filename}"
    )
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) == 1
    assert "cannot get config.json" in result.stderr


def test_offline_mode_is_reported(gpt2_excel: Run, hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_constants, "HF_HUB_OFFLINE", True)
    result = gpt2_excel("download", "gpt2")
    assert result.exit_code == 3
    assert result.stderr == "gpt2-excel: HF_HUB_OFFLINE is set: unset it to download\n"


def test_a_login_is_not_sent_to_the_file_server(
    gpt2_excel: Run, repository: dict[str, bytes], hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    assert gpt2_excel("download", "gpt2").exit_code == 0
    assert hub.tokens == [None]


@pytest.fixture
def autoencoders(hub: Any) -> dict[str, bytes]:
    """Two sparse autoencoders on the hub."""
    files: dict[str, bytes] = {}
    for layer in (2, 3):
        folder = f"blocks.{layer}.hook_resid_pre"
        files[f"{folder}/cfg.json"] = b'{"d_in": 8}'
        files[f"{folder}/sae_weights.safetensors"] = save(random_sae.tensors(8, 100, seed=layer))
    hub.repositories[HUB_REPOSITORY] = files
    return files


def test_a_sparse_autoencoder_arrives(gpt2_excel: Run, autoencoders: dict[str, bytes], hub: Any, models: Path) -> None:
    result = gpt2_excel("download", "sae", 2)
    assert result.exit_code == 0, result.output
    folder = models / "sae" / "gpt2" / "blocks.2.hook_resid_pre"
    assert installed("gpt2") == {2: folder}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert open_autoencoder(folder).n_features == 100
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name.partition("/")[2]: content for name, content in autoencoders.items() if name.startswith(folder.name)
    }
    again = gpt2_excel("download", "sae", 2)
    assert "already" in again.stdout
    assert gpt2_excel("download", "sae", 2, "--force").exit_code == 0
    assert gpt2_excel("download", "sae", 3).exit_code == 0
    assert len(hub.ranges) == 3


@pytest.mark.usefixtures("no_waiting")
def test_a_sparse_autoencoder_resumes_where_it_was_cut(
    gpt2_excel: Run, autoencoders: dict[str, bytes], hub: Any, models: Path
) -> None:
    hub.cuts = [4000, *[0] * 6]
    result = gpt2_excel("download", "sae", 2)
    assert (result.exit_code, installed("gpt2")) == (3, {})
    hub.cuts, hub.ranges = [], []
    assert gpt2_excel("download", "sae", 2).exit_code == 0
    assert hub.ranges == ["bytes=4000-"]


def test_a_sparse_autoencoder_of_another_kind_is_refused(
    gpt2_excel: Run, autoencoders: dict[str, bytes], models: Path
) -> None:
    autoencoders["blocks.2.hook_resid_pre/cfg.json"] = b'{"architecture": "gated"}'
    result = gpt2_excel("download", "sae", 2)
    assert result.exit_code == 1
    assert "architecture must be standard for this formula, not 'gated'" in result.stderr
    assert not list(models.rglob("*.*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("sae",), "sae needs a LAYER"), (("gpt2", 2), "only sae takes a LAYER"), (("sae", 12), "0<=x<=11")],
)
def test_sae_and_only_sae_takes_a_layer(gpt2_excel: Run, arguments: tuple[object, ...], said: str) -> None:
    result = gpt2_excel("download", *arguments)
    assert result.exit_code != 0
    assert said in result.stderr


def test_a_model_in_pieces_arrives_with_its_tokenizer(gpt2_excel: Run, hub: Any, models: Path, tmp_path: Path) -> None:
    folder = write_kind("sharded", tmp_path / "source")
    TOKENIZERS["vocab.json and merges.txt"](folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.repositories["someone/german"] = files
    result = gpt2_excel("download", "someone/german")
    assert result.exit_code == 0, result.output
    arrived = models / "someone--german"
    assert {path.name: path.read_bytes() for path in arrived.iterdir()} == files
    assert "damaged" not in gpt2_excel("models").stdout


def test_a_tokenizer_of_another_kind_stops_the_download(
    gpt2_excel: Run, hub: Any, models: Path, tmp_path: Path
) -> None:
    folder = write_kind("usual", tmp_path / "source")
    (folder / "tokenizer.json").write_text('{"model": {"type": "Unigram"}, "pre_tokenizer": {}}')
    hub.repositories["someone/other"] = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = gpt2_excel("download", "someone/other")
    assert result.exit_code == 1
    assert "model.type must be 'BPE' as in GPT-2's tokenizer, not 'Unigram'" in result.stderr
    assert not hub.ranges
    assert not (models / "someone--other").exists()


def test_only_pickled_weights_are_one_line(gpt2_excel: Run, hub: Any) -> None:
    hub.repositories["someone/old"] = {"config.json": json.dumps(CONFIG).encode(), "pytorch_model.bin": b"x"}
    result = gpt2_excel("download", "someone/old")
    assert result.exit_code == 1
    assert "someone/old has no model.safetensors" in result.stderr
