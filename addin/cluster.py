"""Work on a Dask cluster, or on processes of this machine through the same interface; and models by checksum."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from addin.errors import MissingError
from udfs.backend import catalogue
from udfs.backend.errors import ModelError
from udfs.backend.fast.threads import VARIABLE as THREADS
from udfs.backend.fast.threads import n_cores
from udfs.backend.gpt2.checkpoint import CONFIG_FILE, weights_files
from udfs.backend.gpt2.vocabulary import MERGES_FILE, TOKENIZER_FILE, VOCABULARY_FILE
from udfs.backend.stamps import stamp_of

if TYPE_CHECKING:
    from distributed import Client

_TIMEOUT = "20s"  # for a scheduler to answer
_PROFILER = "distributed.worker.profile.enabled"
_BEFORE_START = "distributed.nanny.pre-spawn-environ"  # the environment in which a process starts
_KEPT = {"MALLOC_TRIM_THRESHOLD_": 2**30, "MALLOC_MMAP_THRESHOLD_": 2**30}  # bytes
_PART = 2**20  # bytes of a file in memory


@contextmanager
def opened(scheduler: str | None, workers: int | None) -> Iterator[Client]:
    """A client of the scheduler at an address, or else of processes on this machine: by default one per core.

    Raises MissingError without Dask, or if no scheduler answers.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ModuleNotFoundError:
        raise MissingError('a cluster needs Dask: pip install "gpt2-excel[cluster]"') from None
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=_TIMEOUT)
        except (OSError, ValueError) as error:
            raise MissingError(f"--scheduler: {error}") from None
        with client:
            yield client
        return
    with (
        # The profiler looks a hundred times a second, and costs a tenth of the work. Dask also makes the C library give
        # memory back at once. Mapping it again for the next array costs a fifth.
        dask.config.set({_PROFILER: False, _BEFORE_START: dask.config.get(_BEFORE_START) | _KEPT}),
        LocalCluster(
            n_workers=workers or n_cores(),
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            env={THREADS: "1"},  # each core has a process
        ) as local,
        Client(local) as client,
    ):
        yield client


def check_model(name: str, checksum: str) -> None:
    """Raises MissingError, which names the worker, unless this machine has a model of that name with those files."""
    try:
        found = model_checksum(name)
    except ModelError as error:
        raise MissingError(f"{_here()}{error}") from None
    if found != checksum:
        differ = f"their checksum begins with {found[:12]}, not {checksum[:12]}"
        raise MissingError(f"{_here()}the files of model {name} differ: {differ}")


def model_checksum(name: str) -> str:
    """The SHA-256 of a model's files. Raises ModelError if the model is not on this machine."""
    files = _files(catalogue.find(name))
    return _checksum(files, stamp_of(files))


@lru_cache
def _checksum(files: tuple[Path, ...], stamp: object) -> str:
    whole = hashlib.sha256()
    for path in files:
        own = hashlib.sha256()
        with path.open("rb") as file:
            while part := file.read(_PART):
                own.update(part)
        whole.update(f"{path.name} {own.hexdigest()}\n".encode())
    return whole.hexdigest()


def _files(folder: Path) -> tuple[Path, ...]:
    """The files that a model is read from."""
    names = (CONFIG_FILE, TOKENIZER_FILE, VOCABULARY_FILE, MERGES_FILE)
    return *(folder / name for name in names if (folder / name).is_file()), *weights_files(folder)


def _here() -> str:
    """Names the Dask worker that this runs on, if it is one."""
    if "distributed" not in sys.modules:
        return ""
    from distributed import get_worker

    try:
        return f"worker {get_worker().address}: "
    except ValueError:  # no worker
        return ""
