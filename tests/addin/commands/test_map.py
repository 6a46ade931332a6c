"""`gpt2-excel map`."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from click.testing import Result

from addin.mapping import work
from addin.mapping.journal import opened
from tests.random_checkpoint import write_checkpoint

if TYPE_CHECKING:
    from distributed import Client

Run = Callable[..., Result]

N_ROWS = 600


@pytest.fixture
def prompts(here: Path) -> Path:
    path = here / "prompts.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["id", "text"])
        lines.writerows(
            [n, "word " * 90 if n == 40 else f"The number {n} is" + " here" * (n % 7)] for n in range(N_ROWS)
        )
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_row_once_with_its_answer_or_its_error(gpt2_excel: Run, prompts: Path) -> None:
    result = gpt2_excel("map", prompts, "GPT2_PREDICT(text, 1)", "-o", "a.csv", "--model", "tiny", "--workers", 0)
    assert (result.exit_code, result.stdout) == (0, f"{N_ROWS} rows are now in a.csv\n")
    assert result.stderr == "note    1 of them have an error, in the column error\n"
    rows = read(Path("a.csv"))
    assert [int(row["id"]) for row in rows] == list(range(N_ROWS))
    assert all(row["token"] for row in rows[:40] + rows[41:])
    assert rows[40]["error"].startswith("prompt must have 1 to 64 tokens for tiny, not 9")
    assert list(rows[0]) == ["id", "text", "token", "GPT2_PREDICT id", "logit", "probability", "error"]
    assert sorted(os.listdir()) == ["a.csv", "prompts.csv"]


# The command line in a process that keeps two chunks, and dies while it writes the third.
DYING = """
import os
import signal
from addin.cli import main
from addin.mapping.journal import Journal

keep, firsts = Journal.keep, []

def cut_short(answers):
    yield answers[0]
    os.kill(os.getpid(), signal.SIGKILL)

def keep_two(self, first, answers):
    firsts.append(first)
    keep(self, first, answers if len(firsts) < 3 else cut_short(answers))

Journal.keep = keep_two
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_map_that_is_killed_three_times_loses_no_row_and_computes_none_twice(
    gpt2_excel: Run, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_rows = 120
    prompts.write_text("".join(prompts.read_text().splitlines(keepends=True)[: n_rows + 1]))
    arguments = ["map", str(prompts), "GPT2_HEAD_SCORES(text)", "-o", "a.csv", "--model", "tiny", "--workers", "0"]
    assert gpt2_excel(*arguments).exit_code == 0
    expected = Path("a.csv").read_bytes()
    Path("a.csv").unlink()
    for n_finished in (32, 64, 96):  # 16 rows are a chunk
        killed = subprocess.run([sys.executable, "-c", DYING, *arguments])
        assert killed.returncode == -signal.SIGKILL
        assert not Path("a.csv").exists()
        assert finished_rows(Path("a.csv.progress")) == set(range(n_finished))
    computed = record_chunks(monkeypatch)
    assert gpt2_excel(*arguments).exit_code == 0
    assert Path("a.csv").read_bytes() == expected
    assert computed == list(range(96, n_rows))


def finished_rows(progress: Path) -> set[int]:
    connection = sqlite3.connect(progress)
    try:
        return {row for (row,) in connection.execute("SELECT row FROM answer")}
    finally:
        connection.close()


def record_chunks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the rows that this process computes from now on, in a list that grows."""
    computed: list[int] = []

    def here(job: work.Job, todo: Sequence[work.Chunk]) -> Iterator[object]:
        for chunk in todo:
            computed.extend(range(chunk.first, chunk.first + len(chunk.rows)))
            yield chunk, work.compute(job, chunk.rows)

    monkeypatch.setattr(work, "here", here)
    return computed


def test_ctrl_c_keeps_what_is_finished(gpt2_excel: Run, prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = work.compute

    def compute(job: work.Job, rows: Sequence[Sequence[work.Cell]]) -> list[work.Answer]:
        if rows[0][0] == 512:
            raise KeyboardInterrupt
        return real(job, rows)

    monkeypatch.setattr(work, "compute", compute)
    arguments = ("map", prompts, "GPT2_PREDICT(text, 1)", "-o", "a.csv", "--model", "tiny", "--workers", 0)
    result = gpt2_excel(*arguments)
    assert result.exit_code == 130
    assert result.stderr == "gpt2-excel: stopped after 512 of 600 rows; run the same command again to continue\n"
    monkeypatch.undo()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_shows_a_bar_with_rows_rate_and_time_left(gpt2_excel: Run, prompts: Path) -> None:
    import pty

    command = [sys.executable, "-m", "addin.cli", "map", str(prompts), "GPT2_PREDICT(text, 1)", "-o", "a.csv"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    ours, theirs = pty.openpty()
    with subprocess.Popen([*command, "--model", "tiny", "--workers", "0"], stderr=theirs, env=environment):
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the other side has closed
            while part := os.read(ours, 10_000):
                shown += part
    os.close(ours)
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", shown.decode())  # without colors and movements of the cursor
    assert f"{N_ROWS}/{N_ROWS}" in text
    assert re.search(r"[1-9]\d*/600 +\d+\.\d rows/s +\d:\d\d:\d\d", text)


def test_another_formula_starts_anew(gpt2_excel: Run, prompts: Path, models_folder: Path) -> None:
    with suppress(ZeroDivisionError), opened(prompts.with_name("a.csv.progress"), "another job") as kept:
        kept.keep(0, [{"token": "wrong"}])
        raise ZeroDivisionError
    assert finished_rows(prompts.with_name("a.csv.progress")) == {0}
    result = gpt2_excel("map", prompts, "GPT2_PREDICT(text, 1)", "-o", "a.csv", "--model", "tiny", "--workers", 0)
    assert result.exit_code == 0
    assert "wrong" not in Path("a.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["GPT2_PREDICT(text)", "-o", "a.txt"], 1, "--output must end in .csv, .tsv, .parquet, .xlsx, not 'a.txt'"),
        (["GPT2_PREDICT(text)", "-o", "no/a.csv"], 1, "--output must be in a folder that exists, not in no"),
        (["GPT2_PREDICT(words)", "-o", "a.csv"], 1, "FORMULA: the table has no column words, only id, text"),
        (["GPT2_PREDICT(text)", "-o", "a.csv", "--model", "none"], 3, "model must be one on this machine (demo"),
        (["GPT2_PREDICT(text)", "-o", "a.csv", "--model", "tiny ; dance"], 1, "a model text"),
        (["GPT2_PREDICT(text)", "-o", "a.csv", "--scheduler", "x", "--workers", "2"], 1, "--workers: a scheduler has"),
    ],
)
def test_a_wrong_option_is_one_line(
    gpt2_excel: Run, prompts: Path, arguments: list[str], code: int, message: str
) -> None:
    result = gpt2_excel("map", prompts, *arguments)
    assert (result.exit_code, len(result.stderr.splitlines())) == (code, 1)
    assert result.stderr.startswith(f"gpt2-excel: {message}")
    assert not Path("a.csv").exists()


class TestDask:
    """Processes on this machine, and a scheduler at an address."""

    @pytest.fixture(autouse=True)
    def _dask(self) -> None:
        pytest.importorskip("distributed", reason="Dask is not installed (extra cluster)")

    def test_two_processes_give_every_row_once_though_one_is_killed(
        self, gpt2_excel: Run, prompts: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = work.on_cluster
        counts: list[dict[str, int]] = []

        def on_cluster(client: Client, job: work.Job, todo: Sequence[work.Chunk]) -> Iterator[object]:
            done = real(client, job, todo)
            yield next(done)
            with urlopen(client.dashboard_link.replace("status", "json/counts.json")) as page:
                counts.append(json.load(page))
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
            yield from done

        monkeypatch.setattr(work, "on_cluster", on_cluster)
        for output, workers in (("here.csv", 0), ("there.csv", 2)):
            result = gpt2_excel("map", prompts, "GPT2_TOKENIZE(text)", "-o", output, "--workers", workers)
            assert (result.exit_code, result.stdout) == (0, f"{N_ROWS} rows are now in {output}\n")
        assert Path("there.csv").read_bytes() == Path("here.csv").read_bytes()
        assert counts[0]["workers"] == 2
        assert counts[0]["tasks"] > 0

    def test_a_worker_without_the_model_or_with_another_says_so(
        self, gpt2_excel: Run, prompts: Path, tmp_path: Path
    ) -> None:
        from distributed import Client, LocalCluster

        write_checkpoint(tmp_path / "others" / "tiny", seed=1)
        faults = {"none": "model must be one on this machine", "others": "the files of model tiny differ: "}
        arguments = ("map", prompts, "GPT2_PREDICT(text, 1)", "-o", "a.csv", "--model", "tiny", "--scheduler")
        with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
            for folder, fault in faults.items():
                models = {"GPT2_EXCEL_MODELS": str(tmp_path / folder)}
                with Client(cluster) as client:
                    client.run(lambda models: os.environ.update(models), models)
                result = gpt2_excel(*arguments, cluster.scheduler_address)
                assert result.exit_code == 3
                assert result.stderr.startswith("gpt2-excel: worker tcp://127.0.0.1:")
                assert fault in result.stderr
                assert not Path("a.csv").exists()
