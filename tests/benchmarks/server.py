"""The performance of the Office add-in's server: one large call, many clients at once, memory of its processes.

    python -m tests.benchmarks.server [--clients 20] [--seconds 60] [--workers 2]

The model is a random checkpoint of GPT-2 small's size, so nothing is downloaded.
"""

from __future__ import annotations

import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

from tests.addin.office.running import free_port
from tests.benchmarks.checkpoints import SHAPES, cached
from tests.benchmarks.clients import all_at_once, call, connect, trusting

_TIMES = 15
_COMMAND = "from addin.cli import main; main()"
_CACHE_MB = "40"  # so small that the caches are full at once: if memory still grows, they are not the cause
_PARTS = 3  # parts of the time with many clients, to see memory grow
_MB = 1e6


@click.command()
@click.option("--clients", default=20, show_default=True)
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--size", type=click.Choice(list(SHAPES)), default="small", show_default=True)
def main(clients: int, seconds: float, workers: int, size: str) -> None:
    """Measures and prints."""
    folder = cached(size)
    with serving(folder.parent, 1) as (port, root, process):
        _one_large_call(port, root)
        _many_clients(port, root, process, clients, seconds, folder.name, SHAPES[size][1])
    _memory_of_workers(folder, workers)


def _one_large_call(port: int, root: Path) -> None:
    array = np.random.default_rng(0).standard_normal((64, 768)).astype(np.float32)
    page, times = connect(port, trusting(root)), []
    for turn in range(_TIMES):
        arguments = [(array + turn).tolist()]  # never the same, so that no cache can answer
        started = time.perf_counter()
        rows = call(page, "GPT2_GELU", arguments)
        times.append(time.perf_counter() - started)
    page.close()
    print(f"64 x 768 there and back: {statistics.median(times) * 1e3:.0f} ms (median of {_TIMES}), {len(rows)} bytes")


def _many_clients(port: int, root: Path, process: int, clients: int, seconds: float, model: str, width: int) -> None:
    all_at_once(port, root, clients, seconds / _PARTS, model, width)
    for _ in range(_PARTS):
        lasts = seconds / _PARTS
        tally = all_at_once(port, root, clients, lasts, model, width)
        print(
            f"{clients} clients, {lasts:.0f} s: {len(tally.seconds)} calls, {len(tally.errors)} errors, "
            f"median {tally.within(0.5):.0f} ms, 99% within {tally.within(0.99):.0f} ms, "
            f"resident afterwards {memory(process)['Rss'] / _MB:.0f} MB",
            flush=True,
        )
        for error in tally.errors[:5]:
            print(f"  {error}")


def _memory_of_workers(folder: Path, workers: int) -> None:
    for number in sorted({1, workers}):
        with serving(folder.parent, number) as (port, root, process):
            for turn in range(8 * number):  # enough calls that each process has loaded the model
                page = connect(port, trusting(root))
                call(page, "GPT2_PREDICT", [f"turn {turn}", 3, 1, folder.name])
                page.close()
            for served in children(process) if number > 1 else [process]:
                used = memory(served)
                # Pages of a mapped file also count as private while only one process has mapped them.
                own = used["Anonymous"] / _MB
                mapped = (used["Rss"] - used["Anonymous"]) / _MB
                print(f"{number} workers: process {served}: memory of its own {own:.0f} MB, mapped {mapped:.0f} MB")


@contextmanager
def serving(models: Path, workers: int) -> Iterator[tuple[int, Path, int]]:
    """Runs `gpt2-excel serve` with this models folder. Yields its port, its root certificate and its process."""
    port = free_port()
    with TemporaryDirectory() as data:
        settings = {"XDG_DATA_HOME": data, "GPT2_EXCEL_MODELS": str(models), "GPT2_EXCEL_CACHE_MB": _CACHE_MB}
        environment = os.environ | settings
        command = [sys.executable, "-c", _COMMAND, "serve", "--port", str(port), "--workers", str(workers)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        root = Path(data) / "gpt2-excel" / "office" / "root.pem"
        try:
            _wait_for(port, root)
            yield port, root, process.pid
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(port: int, root: Path) -> None:
    for _ in range(1200):
        with socket.socket() as trial:
            if root.exists() and trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the server does not answer")


def memory(process: int) -> dict[str, int]:
    """A process's memory as Linux reports it, in bytes: Rss, Private_Dirty and so on."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8")
    return {name: int(size) * 1024 for name, size in re.findall(r"^(\w+): +(\d+) kB$", text, re.M)}


def children(process: int) -> list[int]:
    """The server processes that a process has started."""
    task = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    return [child for child in map(int, task.split()) if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


if __name__ == "__main__":
    main()
