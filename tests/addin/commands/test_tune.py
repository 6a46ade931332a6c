"""`gpt2-excel tune`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import Result

import udfs
from udfs.backend import catalogue
from udfs.backend.train import tune as training

Run = Callable[..., Result]
SENTENCES = ("Our teacher is Mrs. Miller.", "The dog of Mrs. Miller is black.", "Tim sits next to Sarah.")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path / "models"))
    path = tmp_path / "sentences.txt"
    path.write_text("\n\n".join(SENTENCES), encoding="utf-8")
    return path


def test_a_model_learns_sentences_and_every_function_can_use_it(gpt2_excel: Run, file: Path) -> None:
    result = gpt2_excel("tune", str(file), "--name", "mine", "--steps", "10", "--only", "h.11", "--only", "h.10")
    assert result.exit_code == 0, result.stderr
    assert "step 10 of 10: loss " in result.stderr
    before, after = (float(word) for word in result.stdout.split() if word.count(".") == 1 and word[0].isdigit())
    assert after < before - 0.5
    own, original = catalogue.load("mine"), catalogue.load("demo")
    assert (own["h.9.mlp.c_fc.weight"] == original["h.9.mlp.c_fc.weight"]).all()
    scores = [udfs.gpt2_score([[SENTENCES[0]]], name)[1][1] for name in ("demo", "mine")]
    assert scores[1] > scores[0]


def test_stopping_keeps_what_was_learned(gpt2_excel: Run, file: Path) -> None:
    steps = training.tune

    def stopped(*args: object) -> Iterator[training.Step]:
        yield next(steps(*args))  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with patch.object(training, "tune", stopped):
        result = gpt2_excel("tune", str(file), "--name", "mine", "--steps", "9", "--only", "ln_f")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "gpt2-excel: stopped after step 1 of 9; mine has what it learned so far"
    assert catalogue.load("mine").name == "mine"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--name", "demo"], "name must be one that no model has, not 'demo'"),
        (["--name", "../mine"], "name must be a plain name such as mine, not '../mine'"),
        (["--name", "mine ; bos"], "name must be a plain name such as mine, not 'mine ; bos'"),
        (["--name", "mine", "--from", "none"], "model must be one on this machine (demo), not 'none'"),
        (["--name", "mine", "--only", "h.99"], "only must be the beginning of a tensor's name, such as h.11 or ln_f"),
        (["--name", "mine", "--from", "demo ; add 1 * sae(6, 3) to h.6"], "--from must name weights only"),
    ],
)
def test_what_cannot_be_done_is_one_line(gpt2_excel: Run, file: Path, arguments: list[str], line: str) -> None:
    result = gpt2_excel("tune", str(file), *arguments)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith(f"gpt2-excel: {line}")
    assert not (file.parent / "models").exists()


@pytest.mark.parametrize(("content", "line"), [(b"", "the file must hold"), (b"\xff\xfe\xfa", "TEXTFILE must be text")])
def test_a_file_without_text_is_one_line(gpt2_excel: Run, file: Path, content: bytes, line: str) -> None:
    file.write_bytes(content)
    result = gpt2_excel("tune", str(file), "--name", "mine")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith(f"gpt2-excel: {line}")


def test_a_missing_file_is_one_line(gpt2_excel: Run, tmp_path: Path) -> None:
    result = gpt2_excel("tune", str(tmp_path / "none.txt"), "--name", "mine")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)


def test_what_does_not_fit_into_memory_is_refused(gpt2_excel: Run, file: Path) -> None:
    with patch("addin.memory.memory_of_machine", return_value=10**8):
        result = gpt2_excel("tune", str(file), "--name", "mine")
    assert result.exit_code == 1
    assert result.stderr.startswith("gpt2-excel: training needs 0.")
    assert "this machine has 0.1 GB" in result.stderr
