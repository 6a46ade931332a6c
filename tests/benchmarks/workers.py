"""Runs each program in its own process, so that their threads, libraries and memory do not mix."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import numpy as np

from tests.benchmarks.programs.program import Program

PACKAGE = "tests.benchmarks.programs"
MODULES = (  # in the order of the table
    "weights_read",
    "gpt2_excel",
    "plain_numpy",
    "onnx_runtime",
    "llama",
    "hf_transformers",
    "lens",
)
_PAUSE = 0.05  # seconds: long enough for the previous program's waiting threads to fall asleep


def n_threads() -> int:
    """The number of threads for every program: one for each core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prompt(length: int, n_vocab: int = 50257) -> list[int]:
    """Token ids, the same on every machine."""
    return np.random.RandomState(length).randint(0, n_vocab, length).tolist()


class Worker:
    """A program in another process, which loads its model there; with `checkout`, as it is in that other checkout."""

    def __init__(self, module: str, folder: Path, checkout: Path | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, module, folder, checkout), daemon=True)
        self._process.start()
        theirs.close()
        self.name: str = self._answer()

    def call(self, method: str, *arguments: Any) -> Any:
        """The result of one of the program's methods, or None if the program does not have it."""
        self._pipe.send(("call", method, arguments))
        return self._answer()

    def seconds(self, method: str, *arguments: Any, before: tuple[Any, ...] = (), times: int = 1) -> list[float] | None:
        """The times of several calls. The method `before` is called before each of them, unmeasured."""
        sleep(_PAUSE)
        self._pipe.send(("seconds", method, arguments, before, times))
        return self._answer()

    def peak(self) -> float:
        """The peak resident memory of the process, in bytes."""
        self._pipe.send(("peak",))
        return float(self._answer())

    def cpu(self) -> float:
        """The seconds of CPU time that the process has used so far."""
        self._pipe.send(("cpu",))
        return float(self._answer())

    def close(self) -> None:
        self._pipe.close()
        self._process.join(timeout=10)
        self._process.terminate()

    def _answer(self) -> Any:
        kind, answer = self._pipe.recv()
        if kind == "missing":
            raise ModuleNotFoundError(answer)
        if kind == "error":
            raise RuntimeError(answer)
        return answer


@contextmanager
def started(modules: Sequence[str], folder: Path, beside: Path | None = None) -> Iterator[dict[str, Worker]]:
    """Starts the installed programs one after the other, and prints a line for each missing one.

    beside: another checkout of this project, which then runs as one more program
    """
    workers: dict[str, Worker] = {}
    try:
        for module in modules:
            if worker := _start(module, folder):
                workers[module] = worker
        if beside:
            workers["beside"] = Worker("gpt2_excel", folder, beside.resolve())
        yield workers
    finally:
        for worker in workers.values():
            worker.close()


def _start(module: str, folder: Path) -> Worker | None:
    try:
        return Worker(module, folder)
    except ModuleNotFoundError as error:
        print(f"left out: {module} ({error})", flush=True)
        return None


def _serve(pipe: Connection, module: str, folder: Path, checkout: Path | None) -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is looked up or downloaded
    if checkout:
        for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "udfs")]:
            del sys.modules[name]
        sys.path.insert(0, str(checkout))
    try:
        measured = importlib.import_module(f"{PACKAGE}.{module}")
    except ModuleNotFoundError as error:
        pipe.send(("missing", f"{error.name} is not installed"))
        return
    try:
        program: Program = measured.Measured(folder, n_threads())
    except Exception as error:
        pipe.send(("error", f"{module}: {error!r}"))
        raise
    pipe.send(("value", f"{measured.NAME} at {checkout.name}" if checkout else measured.NAME))
    actions: dict[str, Callable[..., Any]] = {"call": _call, "seconds": _seconds, "peak": _peak, "cpu": _cpu}
    while True:
        try:
            action, *arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(("value", actions[action](program, *arguments)))
        except NotImplementedError:
            pipe.send(("value", None))
        except Exception as error:
            pipe.send(("error", f"{module}: {error!r}"))


def _call(program: Program, method: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(program, method)(*arguments)


def _seconds(
    program: Program, method: str, arguments: tuple[Any, ...], before: tuple[Any, ...], times: int
) -> list[float]:
    work = getattr(program, method)
    measured = []
    for _ in range(times):
        if before:
            getattr(program, before[0])(*before[1:])
        start = perf_counter()
        work(*arguments)
        measured.append(perf_counter() - start)
    return measured


def _cpu(program: Program) -> float:
    return process_time()


def _peak(program: Program) -> int:
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:  # not Linux
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
