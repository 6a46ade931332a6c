from __future__ import annotations

from tests.hosts.calc_host import calc


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
