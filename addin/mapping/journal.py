"""The finished rows of a map, in a file beside its output, so that a map that was killed can be continued."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from addin.errors import AddinError

_TABLES = """
CREATE TABLE IF NOT EXISTS job (digest TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS answer (row INTEGER PRIMARY KEY, cells TEXT NOT NULL);
"""


class Journal:
    """The answers of a job, by row. SQLite writes each batch of rows as a whole, or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def finished(self) -> set[int]:
        """The rows that are finished."""
        return {row for (row,) in self._connection.execute("SELECT row FROM answer")}

    def keep(self, first: int, answers: Sequence[dict[str, Any]]) -> None:
        """Keeps the answers of some rows that follow each other. Raises if one of them is finished already."""
        rows = ((first + at, json.dumps(answer)) for at, answer in enumerate(answers))
        with self._connection:
            self._connection.executemany("INSERT INTO answer VALUES (?, ?)", rows)

    def answers(self) -> Iterator[dict[str, Any]]:
        """All answers, in the order of the rows."""
        for (cells,) in self._connection.execute("SELECT cells FROM answer ORDER BY row"):
            yield json.loads(cells)


@contextmanager
def opened(path: Path, digest: str) -> Iterator[Journal]:
    """The journal in a file, emptied if it is of another job. It stays after an error if a row is finished.

    Raises AddinError if another process uses the file.
    """
    try:
        connection = sqlite3.connect(path, timeout=0)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.executescript(_TABLES)
        with connection:
            if connection.execute("SELECT digest FROM job").fetchall() != [(digest,)]:
                connection.execute("DELETE FROM job")
                connection.execute("DELETE FROM answer")
                connection.execute("INSERT INTO job VALUES (?)", (digest,))
    except sqlite3.DatabaseError as error:
        in_use = "locked" in str(error)
        fault = "another gpt2-excel map writes this file" if in_use else f"{path} is damaged; remove it"
        raise AddinError(f"--output: {fault}") from None
    journal, has_rows = Journal(connection), False
    try:
        yield journal
    except BaseException:
        has_rows = bool(journal.finished)
        raise
    finally:
        connection.close()
        if not has_rows:
            path.unlink()
