"""The rows of a table in chunks, computed in this process or on Dask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from addin.cluster import check_model
from addin.errors import AddinError
from addin.headless import Cell
from addin.mapping.row_formula import Answer, RowFormula

if TYPE_CHECKING:
    from distributed import Client

_IN_BATCHES, _ONE_BY_ONE = 128, 16  # rows of a chunk: some seconds of work

Done: TypeAlias = "Iterator[tuple[Chunk, list[Answer]]]"


class Job(NamedTuple):
    """What is computed for every row. `checksums` are those of the models' files, by name."""

    formula: str
    columns: tuple[str, ...]
    model: str
    checksums: tuple[tuple[str, str], ...]


class Chunk(NamedTuple):
    """Rows that follow each other; `first` is the number of the first one, from 0."""

    first: int
    rows: list[list[Cell]]


def chunks(rows: Sequence[list[Cell]], formula: RowFormula) -> list[Chunk]:
    """The rows in pieces, of a size that depends on the function alone, so that a later run makes the same pieces."""
    size = _IN_BATCHES if formula.reads_in_batches else _ONE_BY_ONE
    return [Chunk(first, list(rows[first : first + size])) for first in range(0, len(rows), size)]


def compute(job: Job, rows: Sequence[Sequence[Cell]]) -> list[Answer]:
    """The answers of some rows, on whatever machine this runs. Raises MissingError if it has other models."""
    for name, checksum in job.checksums:
        check_model(name, checksum)
    return _formula(job).answers(rows)


@lru_cache(maxsize=4)
def _formula(job: Job) -> RowFormula:
    return RowFormula(job.formula, job.columns, job.model)


def here(job: Job, todo: Iterable[Chunk]) -> Done:
    """Computes one chunk after the other in this process, which shares the work of each among the cores."""
    for chunk in todo:
        yield chunk, compute(job, chunk.rows)


def on_cluster(client: Client, job: Job, todo: Iterable[Chunk]) -> Done:
    """Gives all chunks to Dask, which computes them anew if a worker is lost, and yields each as it is finished.

    Raises MissingError if a worker has other models, AddinError if one chunk has ended several workers.
    """
    from distributed import KilledWorker, as_completed

    waiting = {client.submit(compute, job, chunk.rows, pure=False): chunk for chunk in todo}
    for future in as_completed(list(waiting)):
        try:
            answers = future.result()
        except KilledWorker as error:
            raise AddinError(f"Dask: {error}") from None
        yield waiting.pop(future), answers
        future.release()
