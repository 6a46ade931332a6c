"""`gpt2-excel generate`: it streams the same text as GPT2_GENERATE, and Ctrl-C keeps the output so far."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import Result

import udfs
from tests.benchmarks import checkpoints
from udfs.backend.generate import decoding
from udfs.backend.generate.decoding import Step
from udfs.backend.gpt2 import tokenizer

Run = Callable[..., Result]

PROMPT = "Mike is"
COMMAND = [sys.executable, "-c", "from addin.cli import main; main()", "generate", "--model", "demo"]


def test_it_prints_the_prompt_and_its_continuation(gpt2_excel: Run) -> None:
    result = gpt2_excel("generate", "--prompt", PROMPT)
    assert result.exit_code == 0, result.output
    assert result.stdout == PROMPT + udfs.gpt2_generate(PROMPT, 50, model="demo") + "\n"
    assert result.stderr == ""


def test_it_names_words_that_demo_never_learned(gpt2_excel: Run) -> None:
    result = gpt2_excel("generate", "--prompt", "The quokka is", "--tokens", 3)
    assert result.stderr == "note    demo never learned: quokka. Its answer is a guess.\n"


def test_a_cell_gets_the_same_text(gpt2_excel: Run) -> None:
    options = ["--tokens", 12, "--temperature", 0.9, "--top-k", 50, "--top-p", 0.95, "--seed", 4]
    result = gpt2_excel("generate", "--prompt", PROMPT, "--model", "demo ; bos", *options)
    assert result.stdout == PROMPT + udfs.gpt2_generate(PROMPT, 12, 0.9, 50, 0.95, 4, "demo ; bos") + "\n"


@pytest.mark.parametrize(("tokens", "ended"), [(3, "length"), (50, "end of text")])
def test_json_tells_how_it_ended(gpt2_excel: Run, tokens: int, ended: str) -> None:
    result = json.loads(gpt2_excel("generate", "--prompt", PROMPT, "--tokens", tokens, "--json").stdout)
    text = udfs.gpt2_generate(PROMPT, tokens, model="demo")
    assert result == {"model": "demo", "prompt": PROMPT, "continuation": text, "ids": tokenizer.encode(text),
                      "ended": ended}  # fmt: skip


def test_ctrl_c_keeps_the_output_so_far(gpt2_excel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    unchanged = decoding.steps

    def stopped_after_three(*arguments: object) -> Iterator[Step]:
        for number, step in enumerate(unchanged(*arguments)):
            if number == 3:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(decoding, "steps", stopped_after_three)
    text = udfs.gpt2_generate(PROMPT, 3, model="demo")
    result = gpt2_excel("generate", "--prompt", PROMPT)
    assert (result.exit_code, result.stdout) == (130, f"{PROMPT}{text}\n")
    assert result.stderr == "gpt2-excel: stopped after 3 of 50 tokens\n"
    result = gpt2_excel("generate", "--prompt", PROMPT, "--json")
    assert result.exit_code == 130
    assert json.loads(result.stdout)["continuation"] == text
    assert json.loads(result.stdout)["ended"] == "stopped"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT reaches a whole console there")
def test_a_process_streams_and_stops_at_ctrl_c(tmp_path: Path) -> None:
    """The model is slow enough, and its context long enough, for an interruption in the middle."""
    checkpoints.write(tmp_path / "slow", 6, 256)
    environment = {**os.environ, "GPT2_EXCEL_MODELS": str(tmp_path)}
    command = [*COMMAND[:4], "--model", "slow", "--prompt", PROMPT, "--tokens", "1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        begun = process.stdout.read(len(PROMPT) + 12)  # some tokens arrive long before the last
        process.send_signal(signal.SIGINT)
        rest, errors = process.stdout.read(), process.stderr.read().decode()
        assert process.wait() == 130
    assert begun.startswith(PROMPT.encode())
    assert rest.endswith(b"\n")
    assert errors.startswith("gpt2-excel: stopped after ")
    assert len(errors.splitlines()) == 1
    assert 0 < int(errors.split()[3]) < 1000


def shown_on(terminal: int) -> bytes:
    """All that a terminal was sent, after its last writer has closed it."""
    shown = b""
    with suppress(OSError):  # Linux raises it at the end
        while data := os.read(terminal, 4096):
            shown += data
    os.close(terminal)
    return shown


def test_the_terminal_shows_a_bar_if_the_text_goes_elsewhere(tmp_path: Path) -> None:
    ours, theirs = pytest.importorskip("pty").openpty()
    with (tmp_path / "text").open("wb") as text:
        subprocess.run([*COMMAND, "--prompt", PROMPT], stdout=text, stderr=theirs, check=True)
    os.close(theirs)
    assert b"/50" in shown_on(ours)
    assert (tmp_path / "text").read_text() == PROMPT + udfs.gpt2_generate(PROMPT, 50, model="demo") + "\n"


def test_a_terminal_gets_no_control_characters() -> None:
    ours, theirs = pytest.importorskip("pty").openpty()
    subprocess.run([*COMMAND, "--prompt", "a\x1b[31mb", "--tokens", "1"], stdout=theirs, check=True)
    os.close(theirs)
    assert shown_on(ours).startswith(b"a\\x1b[31mb")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--prompt", ""], 1, "prompt must have 1 to 256 tokens for demo, not 0"),
        (["--prompt", PROMPT, "--tokens", "255"], 1, "tokens must be 1 to 254 here"),
        (["--prompt", PROMPT, "--model", "no such"], 3, "model must be one on this machine"),
        (["--prompt", PROMPT, "--model", "demo ; dance"], 1, "not 'dance'"),
        (["--prompt", PROMPT, "--temperature", "nan"], 2, "nan is not a number"),
        (["--prompt", PROMPT, "--top-p", "1.5"], 2, "1.5 is not in the range"),
        ([], 2, "--prompt"),
    ],
)
def test_wrong_values_are_one_line(gpt2_excel: Run, arguments: list[str], code: int, line: str) -> None:
    result = gpt2_excel("generate", *arguments)
    assert result.exit_code == code
    assert line in result.stderr
    assert result.stdout == ""
