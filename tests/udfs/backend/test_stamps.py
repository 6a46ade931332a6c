"""A stamp tells two versions of a file apart, even if the file system notes the same time for both."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from udfs.backend import stamps


def test_another_change_gets_another_stamp(tmp_path: Path) -> None:
    file = tmp_path / "file"
    found = []
    for text in "abc":
        file.write_text(text)
        now = time.time_ns() // 10_000_000 * 10_000_000  # as a clock with steps of 10 ms tells it
        os.utime(file, ns=(now, now))
        found.append(stamps.stamp_of([file, tmp_path / "absent"]))
    assert len(set(found)) == 3
    assert found[-1] == ((str(file), 1, now),) == stamps.stamp_of([file])


@pytest.mark.parametrize(("age", "wait"), [(0, 20), (15, 5), (20, 0), (1_000, 0), (-1_000, 0)])
def test_only_a_file_changed_a_moment_ago_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: int, wait: int
) -> None:
    waited = []
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now)
    monkeypatch.setattr(time, "sleep", waited.append)
    os.utime(tmp_path, ns=(now, now - age * 1_000_000))
    stamps.stamp_of([tmp_path])
    assert sum(waited) == pytest.approx(wait / 1000)
