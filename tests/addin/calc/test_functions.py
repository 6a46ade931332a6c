"""The functions in Calc as users meet them: in cells, in the function wizard, and with wrong arguments."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import udfs
from tests.hosts.calc_host import Calc, calls
from udfs.backend import catalogue
from udfs.cells import FUNCTIONS

TAB = "Sheet1"
PROMPT = "If today is Tuesday, tomorrow is"
N_PROMPTS = 100


@pytest.fixture
def sheet(calc: Calc) -> Calc:
    """An empty sheet with a prompt in A1."""
    calc.open()
    calc.type(TAB, "A1", PROMPT)
    return calc


def test_an_array_formula_shows_a_table(sheet: Calc) -> None:
    sheet.formula(TAB, "A3:C10", "=GPT2_TOKENIZE(A1)")
    assert sheet.values(TAB, "A3:C10") == udfs.gpt2_tokenize(PROMPT)


def test_a_table_follows_the_cell_that_it_reads(sheet: Calc) -> None:
    sheet.formula(TAB, "A3:E4", "=GPT2_PREDICT(A1;1)")
    sheet.type(TAB, "A1", "Mike is quick. He moves")
    sheet.calculate()
    assert sheet.values(TAB, "B4") == [[" quickly"]]


def test_an_array_formula_is_blank_beyond_the_result(sheet: Calc) -> None:
    sheet.formula(TAB, "A3:D12", "=GPT2_TOKENIZE(A1;;10;4)")
    table = udfs.gpt2_tokenize(PROMPT)
    assert sheet.values(TAB, "A3:D12") == [[*row, ""] for row in table] + [[""] * 4] * (10 - len(table))


def test_a_result_without_room_is_not_cut_silently(sheet: Calc) -> None:
    sheet.formula(TAB, "A3:C5", "=GPT2_TOKENIZE(A1;;3;3)")
    assert sheet.values(TAB, "A3:C5") == [*udfs.gpt2_tokenize(PROMPT)[:2], ["..."] * 3]
    sheet.formula(TAB, "A7:B7", "=GPT2_TOKENIZE(A1;;1;2)")
    assert sheet.values(TAB, "A7:B7") == [["...", "..."]]


def test_a_column_of_prompts_is_one_call(sheet: Calc) -> None:
    prompts = [[f"The number {n} is"] for n in range(N_PROMPTS)]
    for row, (prompt,) in enumerate(prompts, start=1):
        sheet.type(TAB, f"A{row}", prompt)
    sheet.formula(TAB, f"C1:F{N_PROMPTS + 1}", f"=GPT2_PREDICT(A1:A{N_PROMPTS};1)")
    expected = udfs.gpt2_predict(prompts, 1)  # several calls would give other last digits
    assert sheet.values(TAB, f"C1:F{N_PROMPTS + 1}") == expected


def test_a_message_is_in_the_first_cell(sheet: Calc) -> None:
    sheet.formula(TAB, "A3:B4", "=GPT2_EMBED(-1;;2;2)")
    assert sheet.values(TAB, "A3:B4") == [["#GPT2! ids must be whole numbers 0 to 50256, not -1", ""], ["", ""]]


def test_every_function_is_in_the_wizard_with_its_help(calc: Calc) -> None:
    for name, function in FUNCTIONS.items():
        shown = calc.described(name)
        assert shown["description"].startswith(" ".join(function.help.split()))
        assert shown["arguments"][:-2] == [[a.name, " ".join(a.help.split())] for a in function.arguments]


def test_wrong_calls_show_the_messages_of_udfs() -> None:
    with calls() as call:
        assert call("GPT2_BLOCK", (12, [[0.0] * catalogue.load("demo").config.n_embd], "demo")) == [
            ["#GPT2! layer must be a whole number 0 to 11 for demo, not 12"]
        ]
        assert call("GPT2_GELU", ([["x"]],)) == [["#GPT2! x has the text 'x' in row 1, column 1: a number is needed"]]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for a process in Linux's /proc")
def test_when_the_worker_process_dies_a_new_one_takes_over(sheet: Calc) -> None:
    sheet.formula(TAB, "A3", "=GPT2_DETOKENIZE(B1)")
    for ids, text in ((262, " the"), (257, " a")):
        sheet.type(TAB, "B1", ids)
        sheet.calculate()
        assert sheet.values(TAB, "A3") == [[text]]
        (worker,) = _workers(sheet.office())
        os.kill(worker, signal.SIGKILL)


def _workers(office: int) -> list[int]:
    """The worker processes of this LibreOffice; another LibreOffice may have its own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, group = (folder / "cmdline").read_bytes(), os.getpgid(int(folder.name))
        except OSError:  # it has ended
            continue
        if b"addin.calc.worker" in command and group == office:
            found.append(int(folder.name))
    return found
