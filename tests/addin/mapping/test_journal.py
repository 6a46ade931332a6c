"""What a map keeps of its work."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from addin.errors import AddinError
from addin.mapping.journal import opened

ANSWERS = [{"token": " a", "logit": 1 / 3}, {"error": "no"}]


def fail_after(path: Path, digest: str, first: int) -> None:
    with suppress(ZeroDivisionError), opened(path, digest) as kept:
        kept.keep(first, ANSWERS)
        raise ZeroDivisionError


def test_what_is_finished_outlives_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.progress"
    fail_after(path, "one", 2)
    with opened(path, "one") as kept:
        assert kept.finished == {2, 3}
        kept.keep(0, ANSWERS)
        assert list(kept.answers()) == [*ANSWERS, *ANSWERS]
    assert not path.exists()


def test_another_job_starts_anew(tmp_path: Path) -> None:
    fail_after(tmp_path / "a.progress", "one", 0)
    with opened(tmp_path / "a.progress", "two") as kept:
        assert kept.finished == set()


def test_an_error_before_the_first_row_leaves_no_file(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), opened(tmp_path / "a.progress", "one"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_row_is_kept_once(tmp_path: Path) -> None:
    with opened(tmp_path / "a.progress", "one") as kept:
        kept.keep(0, ANSWERS)
        with pytest.raises(sqlite3.IntegrityError):
            kept.keep(1, ANSWERS)
        assert list(kept.answers()) == ANSWERS


def test_two_maps_do_not_write_one_file(tmp_path: Path) -> None:
    second = opened(tmp_path / "a.progress", "one")
    line = r"^--output: another gpt2-excel map writes this file$"
    with opened(tmp_path / "a.progress", "one"), pytest.raises(AddinError, match=line):
        second.__enter__()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.progress").write_bytes(b"no database at all" * 1000)
    with pytest.raises(AddinError, match=r"a\.progress is damaged; remove it$"):
        opened(tmp_path / "a.progress", "one").__enter__()
