from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from addin.cli import main
from tests.random_checkpoint import write_checkpoint


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["verify", *arguments])
    return result.exit_code, result.output


def test_a_wrong_model_fails_fact_by_fact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_checkpoint(tmp_path / "gpt2")
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    code, output = run("gpt2")
    assert code == 1
    lines = output.splitlines()
    assert lines[0].split() == ["fact", "about", "source", "expected", "found"]
    (ids,) = (line for line in lines if " hello world " in line)
    assert "31373, 995" in ids
    assert ids.rstrip().endswith("right")
    (loss,) = (line for line in lines if line.startswith("loss ") and "3.999" in line)
    assert loss.rstrip().endswith("wrong")
    (feature,) = (line for line in lines if line.startswith("feature "))
    assert '"gpt2-excel download sae 7"' in feature
    assert feature.rstrip().endswith("not checked")
    assert lines[-1].startswith("gpt2-excel: gpt2 is not as published: ")
    assert "Traceback" not in output


def test_the_list_names_sources_and_what_is_left_out() -> None:
    code, output = run("gpt2", "--list")
    assert code == 0
    assert "jaymody/picoGPT README" in output
    assert "left out, because it needs a repetition penalty: " in output


def test_a_model_without_published_figures_is_one_line() -> None:
    code, output = run("tiny")
    assert (code, output.count("\n")) == (1, 1)
    assert "MODEL must be gpt2, distilgpt2 or demo, whose figures are published, not 'tiny'" in output


def test_a_missing_model_is_one_line() -> None:
    code, output = run("distilgpt2")
    assert code == 3
    assert "gpt2-excel download distilgpt2 fetches it" in output
