"""Runs chunks of rows: in this process, on processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from addin.errors import AddinError, MissingError
from addin.mapping.row_formula import Answer, Cell, RowFormula
from udfs.backend import catalogue
from udfs.backend.errors import ModelError
from udfs.backend.fast.threads import VARIABLE as _THREADS
from udfs.backend.fast.threads import n_cores
from udfs.backend.gpt2.checkpoint import CONFIG_FILE, weights_files
from udfs.backend.gpt2.vocabulary import MERGES_FILE, TOKENIZER_FILE, VOCABULARY_FILE

if TYPE_CHECKING:
    from distributed import Client

_IN_BATCHES, _ONE_BY_ONE = 256, 16  # rows of a chunk: some seconds of work
_CONNECT = "20s"

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
        check(name, checksum)
    return _formula(job).answers(rows)


def check(name: str, checksum: str) -> None:
    """Raises MissingError unless this machine has a model of that name with those files."""
    try:
        found = model_checksum(name)
    except ModelError as error:
        raise MissingError(f"{_here()}{error}") from None
    if found != checksum:
        raise MissingError(
            f"{_here()}the files of model {name} differ: their checksum is {found[:12]}, not {checksum[:12]}"
        )


def model_checksum(name: str) -> str:
    """The SHA-256 of a model's files. Raises ModelError if the model is not on this machine."""
    files = _files(catalogue.find(name))
    return _checksum(files, tuple((path.stat().st_size, path.stat().st_mtime_ns) for path in files))


@lru_cache
def _checksum(files: tuple[Path, ...], stamp: object) -> str:
    whole = hashlib.sha256()
    for path in files:
        own = hashlib.sha256()
        with path.open("rb") as file:
            while part := file.read(2**20):
                own.update(part)
        whole.update(f"{path.name} {own.hexdigest()}\n".encode())
    return whole.hexdigest()


def _files(folder: Path) -> tuple[Path, ...]:
    """What a model is read from."""
    names = (CONFIG_FILE, TOKENIZER_FILE, VOCABULARY_FILE, MERGES_FILE)
    return *(folder / name for name in names if (folder / name).is_file()), *weights_files(folder)


@lru_cache(maxsize=4)
def _formula(job: Job) -> RowFormula:
    return RowFormula(job.formula, job.columns, job.model)


def _here() -> str:
    """Names the Dask worker that this runs on, if it is one."""
    if "distributed" not in sys.modules:
        return ""
    from distributed import get_worker

    try:
        return f"worker {get_worker().address}: "
    except ValueError:  # no worker
        return ""


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


@contextmanager
def cluster(scheduler: str | None, workers: int | None) -> Iterator[Client]:
    """A client of the scheduler at an address, or of one that runs on this machine, with a process for each core.

    Raises MissingError without Dask, or if no scheduler answers.
    """
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError:
        raise MissingError('a cluster needs Dask: pip install "gpt2-excel[cluster]"') from None
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=_CONNECT)
        except (OSError, ValueError) as error:
            raise MissingError(f"--scheduler: {error}") from None
        with client:
            yield client
        return
    one_thread = {_THREADS: "1"}  # of each process, because each core has a process
    with (
        LocalCluster(
            n_workers=workers or n_cores(),
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            env=one_thread,
        ) as local,
        Client(local) as client,
    ):
        yield client
