"""The time for many formulas over whole columns grows with their number, not with its square."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.slow_formulas import CASES, seconds, write

FEW, MANY = 300, 3_000


@pytest.mark.parametrize("case", [name for name in CASES if name != "SUM of a column"])
def test_ten_times_the_formulas_take_about_ten_times_as_long(tmp_path: Path, case: str) -> None:
    times = {}
    for count in (FEW, MANY):
        write(tmp_path / f"{count}.xlsx", count, CASES[case][1])
        times[count] = min(sum(seconds(tmp_path / f"{count}.xlsx")) for _ in range(3))
    assert times[MANY] < 40 * times[FEW]
