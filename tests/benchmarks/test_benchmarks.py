"""The benchmarks run, and the programs that they compare give the same results. Speed is not tested."""

from __future__ import annotations

import importlib
import lzma
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import checkpoints, generation, growth, hosts, pure_rounding, speed, workers
from tests.benchmarks.programs import plain_numpy
from tests.benchmarks.programs.program import Program

N_LAYER, N_EMBD, N_SEQ = 2, 32, 10


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny checkpoint in its own models folder, instead of the one in the cache folder."""
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    written = checkpoints.write(tmp_path / "random-tiny", N_LAYER, N_EMBD)
    monkeypatch.setattr(checkpoints, "cached", lambda size: written)
    return written


@pytest.fixture(params=[module for module in workers.MODULES if module != speed.FLOOR])
def program(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Each program that is installed, with the tiny checkpoint."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    try:
        measured = importlib.import_module(f"{workers.PACKAGE}.{request.param}")
    except ModuleNotFoundError as error:
        pytest.skip(str(error))
    made: Program = measured.Measured(folder, 2)
    return made


def test_programs_agree(program: Program, folder: Path) -> None:
    plain = plain_numpy.Measured(folder, 1)
    ids = workers.prompt(N_SEQ)
    atol = 1e-2 if type(program).__module__.endswith(".llama") else 1e-4  # its GELU is a table in float16

    np.testing.assert_allclose(program.forward(ids), plain.forward(ids), atol=atol)
    np.testing.assert_allclose(program.read(ids), plain.forward(ids), atol=atol)
    np.testing.assert_allclose(program.decode(11), plain.forward([*ids, 11]), atol=atol)
    assert program.generate(ids, 5) == plain.generate(ids, 5)
    try:
        everything = program.everything(ids)
    except NotImplementedError:
        return
    np.testing.assert_allclose(everything.states, plain.everything(ids).states, atol=atol)
    np.testing.assert_allclose(everything.patterns, plain.everything(ids).patterns, atol=atol)
    assert everything.top.tolist() == plain.everything(ids).top.tolist()


def test_speed_prints_a_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["speed", "--rounds", "1", "--programs", speed.FLOOR, "gpt2_excel"])
    speed.main()
    assert "| this project " in capsys.readouterr().out


def test_growth_prints_tables(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(growth, "BESIDE", ("gpt2_excel",))
    monkeypatch.setattr(growth, "LENGTHS", (1, 4))
    growth.print_tokens(folder, rounds=1)
    growth.print_edits(folder)
    growth.print_cells((2000,))
    out = capsys.readouterr().out
    assert [line.split()[1] for line in out.splitlines() if line[:3] in ("| 1", "| 2", "| 4")] == [
        "1",
        "4",
        "1",
        "2,000",
    ]


def test_generation_prints_a_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["generation", "--quick"])
    generation.main()
    assert [line.split("|")[1].strip() for line in capsys.readouterr().out.splitlines()[-2:]] == ["10", "20"]


def test_hosts_prints_a_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["hosts", folder.name, "--host", "headless", "--host", "desktop", "--rounds", "1"])
    hosts.main()
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| anatomy")]
    assert [row[2].strip() for row in rows] == ["headless", "desktop"]
    assert all(float(row[5]) > 0 for row in rows)


def test_rounding_prints_a_row_for_each_number_of_bits(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with lzma.open(tmp_path / "tatoeba.txt.xz", "wt") as file:
        file.write("\n\n".join(f"Mike has {number} cats." for number in range(200)))
    monkeypatch.setattr(pure_rounding, "PROMPTS", pure_rounding.PROMPTS[:2])
    monkeypatch.setattr("sys.argv", ["pure_rounding", folder.name, "--corpus", str(tmp_path)])
    pure_rounding.main()
    rows = [[cell.strip() for cell in row.split("|")] for row in capsys.readouterr().out.splitlines()[-3:]]
    assert [row[1:4] for row in rows] == [
        ["unrounded", "2 of 2", "0.0000"],
        ["16 bits", "2 of 2", "0.0000"],
        ["8 bits", "2 of 2", "0.0000"],
    ]
    assert all(float(row[5]) > 50_000 for row in rows), "random weights know nothing"


def test_a_program_that_is_not_installed_is_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with workers.started(["not_there"], folder) as running:
        assert running == {}
    assert "left out: not_there" in capsys.readouterr().out
