from __future__ import annotations

import sys
from pathlib import Path

import pytest

import udfs
from addin.programs import find_libreoffice
from tests.hosts.calc_host import Calc, calc, uno_python

N_PROMPTS = 100
WORKER = """#!{python}
# The process that computes for LibreOffice; it also writes down the name of every function that is called.
from addin.calc import worker

real = worker.answer

def answer(name, arguments):
    with open({log!r}, "a") as file:
        file.write(name + "\\n")
    return real(name, arguments)

worker.answer = answer
worker.main()
"""


def test_a_crash_loses_nothing() -> None:
    office = calc()
    office.open()
    office.formula("Sheet1", "A2:A2", "=GPT2_GELU(A1)")
    office.set("Sheet1", "A1", 0.0)
    office.set("Sheet1", "A1", 1.0)
    before = office.values("Sheet1", "A1:A2")
    office.kill_office()
    assert office.values("Sheet1", "A1:A2") == before
    assert 0.8 < before[1][0] < 0.9


def test_a_column_of_prompts_is_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_libreoffice() is None or not uno_python():
        pytest.skip("LibreOffice is not on this machine (apt: libreoffice-calc python3-uno)")
    log, interpreter = tmp_path / "calls.txt", tmp_path / "python"
    interpreter.write_text(WORKER.format(python=sys.executable, log=str(log)), encoding="utf-8")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    office = Calc(tmp_path / "profile")
    monkeypatch.undo()
    try:
        office.open()
        office.formula("Sheet1", f"A1:A{N_PROMPTS}", '="The number "&ROW()&" is"')
        office.formula("Sheet1", f"B1:E{N_PROMPTS + 1}", f'=GPT2_PREDICT(A1:A{N_PROMPTS};1;1;"demo")')
        office.calculate()
        shown = office.values("Sheet1", f"B1:E{N_PROMPTS + 1}")
        assert log.read_text(encoding="utf-8").split() == ["GPT2_PREDICT"]
    finally:
        office.close_office()
    prompts = [[f"The number {row} is"] for row in range(1, N_PROMPTS + 1)]
    wanted = udfs.gpt2_predict(prompts, 1, 1, "demo")
    assert [row[:2] for row in shown] == [row[:2] for row in wanted]
