"""The speed of GPT-2 small in this project and in other programs, on the same machine, in turn, in one run.

pip install -e ".[benchmark]"
python -m tests.benchmarks.speed
python -m tests.benchmarks.speed --without-avx512    # as on a processor that has no AVX-512
python -m tests.benchmarks.speed --beside ../before  # also this project as it is in another checkout

Every program runs in its own process with one thread per core, and processes the same ids with a random checkpoint of
GPT-2 small's shape (12 x 768, vocabulary 50257, float32). In each round the programs take turns; the first call of a
turn, for which a program has to wake up, is counted separately. Programs that are not installed are left out; no extra
installs llama-cpp-python, which pip builds from source. The machine must be idle otherwise: the first line of the
output shows its load before the run.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import checkpoints, workers
from tests.benchmarks.tables import markdown, number
from tests.benchmarks.workers import Worker, prompt

FLOOR, REFERENCE = "weights_read", "hf_transformers"
# numpy's and OpenBLAS's own switches, and ATen's for torch. Torch's MKL and onnxruntime have none here that counts.
WITHOUT_AVX512 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "ATEN_CPU_CAPABILITY": "avx2",
}
HAS_NO_SWITCH = ("onnx_runtime", "llama")  # these use all that the processor has


@dataclass(frozen=True)
class Task:
    """One column: a method, its arguments, and a method to call before each measurement."""

    name: str
    method: str
    arguments: tuple[Any, ...]
    before: tuple[Any, ...] = ()
    times: int = 4  # calls in a turn


TASKS = (
    Task("forward 10", "forward", (prompt(10),)),
    Task("forward 100", "forward", (prompt(100),)),
    Task("decode 1", "decode", (11,), before=("read", prompt(10))),
    Task("generate 20", "generate", (prompt(10), 20), times=2),
    Task("everything at 10", "everything", (prompt(10),)),
)
AFTER_PAUSE = "forward 10 after a pause"
COLUMNS = (TASKS[0].name, AFTER_PAUSE, *(task.name for task in TASKS[1:]))


def measure(running: dict[str, Worker], rounds: int) -> dict[tuple[str, str], float]:
    """The median seconds of each program at each task. The programs take turns."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for worker in running.values():  # get the work of the first use done
        worker.call(TASKS[0].method, *TASKS[0].arguments)
    for _ in range(rounds):
        for task in TASKS:
            for module, worker in running.items():
                times = worker.seconds(task.method, *task.arguments, before=task.before, times=task.times) or []
                seconds.setdefault((module, task.name), []).extend(times[1:])
                if task is TASKS[0]:
                    seconds.setdefault((module, AFTER_PAUSE), []).extend(times[:1])
    return {key: statistics.median(times) for key, times in seconds.items() if times}


def print_times(running: dict[str, Worker], medians: dict[tuple[str, str], float], folder: Path) -> None:
    """Prints milliseconds, then the same as shares of the reference and multiples of the floor."""
    weights = checkpoints.weights_bytes(folder)
    header = ["ms, median", *COLUMNS, "peak memory, GB", "x weights"]
    rows = [
        [
            worker.name,
            *(number(_scaled(medians.get((module, column)), 1000)) for column in COLUMNS),
            f"{worker.peak() / 1e9:.2f}",
            f"{worker.peak() / weights:.2f}",
        ]
        for module, worker in running.items()
    ]
    print(markdown(header, rows))
    for base in (REFERENCE, FLOOR, "beside"):
        if base in running:
            header = [f"divided by {running[base].name}", *COLUMNS]
            print("\n" + markdown(header, _ratios(running, medians, base)))


def _ratios(running: dict[str, Worker], medians: dict[tuple[str, str], float], base: str) -> list[list[str]]:
    return [
        [worker.name, *(number(_ratio(medians, (module, column), (base, column)), ".2f") for column in COLUMNS)]
        for module, worker in running.items()
        if module != base
    ]


def _ratio(medians: dict[tuple[str, str], float], key: tuple[str, str], base: tuple[str, str]) -> float | None:
    return medians[key] / medians[base] if key in medians and base in medians else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def print_agreement(running: dict[str, Worker]) -> None:
    """Prints how far each program's answers are from the first program's: timing a wrong answer makes no sense."""
    programs = {module: worker for module, worker in running.items() if module != FLOOR}
    base = REFERENCE if REFERENCE in programs else next(iter(programs))
    logits, tokens = (programs[base].call(task.method, *task.arguments) for task in (TASKS[0], TASKS[3]))
    rows = []
    for module, worker in programs.items():
        if module != base:
            difference = np.abs(worker.call("forward", *TASKS[0].arguments) - logits).max()
            equal = worker.call("generate", *TASKS[3].arguments) == tokens
            rows.append([worker.name, f"{difference:.1e}", "equal" if equal else "differ"])
    header = [f"beside {programs[base].name}", "largest difference of logits", "20 greedy tokens"]
    print("\n" + markdown(header, rows))
    print(f"(standard deviation of the logits: {logits.std():.1f})")


def machine() -> str:
    """The facts that the numbers depend on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    load = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return f"{model}, {workers.n_threads()} cores, Python {platform.python_version()}, numpy {np.__version__}{load}"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", default="small", help="of the random checkpoint")
    parser.add_argument("--programs", nargs="+", default=list(workers.MODULES), choices=workers.MODULES)
    parser.add_argument("--without-avx512", action="store_true")
    parser.add_argument("--beside", type=Path, help="another checkout of this project")
    options = parser.parse_args()
    if options.without_avx512 and any(os.environ.get(key) != value for key, value in WITHOUT_AVX512.items()):
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.speed",
            *sys.argv[1:],
        ]  # numpy reads the variables when it is loaded
        os.execve(sys.executable, command, os.environ | WITHOUT_AVX512)
    modules = [m for m in options.programs if not (options.without_avx512 and m in HAS_NO_SWITCH)]
    folder = checkpoints.cached(options.size)
    print(f"{machine()}{', without AVX-512' if options.without_avx512 else ''}; {options.rounds} rounds\n", flush=True)
    with workers.started(modules, folder, options.beside) as running:
        medians = measure(running, options.rounds)
        print_times(running, medians, folder)
        print_agreement(running)


if __name__ == "__main__":
    main()
