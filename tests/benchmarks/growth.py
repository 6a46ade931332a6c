"""How the cost of an answer grows with the tokens, the width, the edited block, and the number of cells.

pip install -e ".[benchmark]"
python -m tests.benchmarks.growth

Random checkpoints, float32, medians. If transformers is installed, it is measured too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from xlsxwriter import Workbook as NewWorkbook

import udfs
from addin.headless import Workbook
from tests.benchmarks import checkpoints, workers
from tests.benchmarks.speed import machine
from tests.benchmarks.tables import markdown
from tests.benchmarks.workers import Worker, prompt
from udfs.backend.gpt2.config import read_config
from udfs.cells import FUNCTIONS
from udfs.cells import values as cells
from workbook_templates.formula.ranges import cell_name

BESIDE = ("gpt2_excel", "hf_transformers")
LENGTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
WIDTHS = (768, 1024, 1280, 1600)
WIDTH_LAYERS = 4
CELLS = (10_000, 100_000, 1_000_000)
COLUMNS = 1000


def milliseconds(work: Callable[[], object], times: int = 3) -> float:
    """The median time of several calls."""
    seconds = []
    for _ in range(times):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return 1000 * statistics.median(seconds)


def forward_times(running: dict[str, Worker], lengths: tuple[int, ...], rounds: int) -> dict[tuple[str, int], float]:
    """Median milliseconds from ids to the logits of the last row. The programs take turns."""
    seconds: dict[tuple[str, int], list[float]] = {}
    for _ in range(rounds):
        for length in lengths:
            for module, worker in running.items():
                times = worker.seconds("forward", prompt(length), times=3)
                seconds.setdefault((module, length), []).extend((times or [])[1:])
    return {key: 1000 * statistics.median(times) for key, times in seconds.items()}


def print_tokens(folder: Path, rounds: int) -> None:
    """Prints the times of forward passes over 1 to 1,024 tokens."""
    with workers.started(BESIDE, folder) as running:
        times = forward_times(running, LENGTHS, rounds)
        header = ["tokens", *(f"{worker.name}, ms" for worker in running.values()), "ratio"]
        rows = [[f"{length:,}", *_row(times, running, length)] for length in LENGTHS]
        print("\nForward pass, ids to the logits of the last row:\n\n" + markdown(header, rows), flush=True)


def print_widths(widths: tuple[int, ...], rounds: int) -> None:
    """Prints the times for 10 tokens at GPT-2's four widths, with few layers so that all fit into memory."""
    rows, header = [], ["width"]
    for width in widths:
        with tempfile.TemporaryDirectory() as temporary:
            folder = checkpoints.write(Path(temporary) / f"random-{width}", WIDTH_LAYERS, width)
            with workers.started(BESIDE, folder) as running:
                times = forward_times(running, (10,), rounds)
                header = ["width", "weights, MB", *(f"{worker.name}, ms" for worker in running.values()), "ratio"]
                megabytes = checkpoints.weights_bytes(folder) / 1e6
                rows.append([f"{width:,}", f"{megabytes:,.0f}", *_row(times, running, 10)])
    print(f"\nForward pass of 10 tokens, {WIDTH_LAYERS} blocks:\n\n" + markdown(header, rows), flush=True)


def _row(times: dict[tuple[str, int], float], running: dict[str, Worker], length: int) -> list[str]:
    values = [times[module, length] for module in running]
    ratio = f"{values[0] / values[1]:.2f}" if len(values) == 2 else ""
    return [*(f"{value:.1f}" for value in values), ratio]


def print_edits(folder: Path) -> None:
    """Prints the time of GPT2_PREDICT after one bias of block k is set; the unedited model has already answered."""
    os.environ["GPT2_EXCEL_MODELS"] = str(folder.parent)
    text = "If today is Tuesday, then tomorrow is a"
    n_tokens = len(udfs.gpt2_tokenize(text)) - 1
    n_layer = read_config(folder / "config.json").n_layer
    FUNCTIONS["GPT2_PREDICT"].answer([text, 5, 1, folder.name])

    def ask(layer: int, value: float) -> None:
        udfs.gpt2_predict(text, 5, 1, f"{folder.name} ; set h.{layer}.mlp.c_fc.bias[0] = {value}")

    ask(0, -1.0)  # the first edit loads what all the others share
    values = iter(np.linspace(0.1, 0.9, 5 * (n_layer + 1)))
    rows = [
        [str(layer), f"{milliseconds(lambda layer=layer: ask(layer, float(next(values))), 5):.1f}"]
        for layer in range(n_layer)
    ]
    again = milliseconds(lambda: FUNCTIONS["GPT2_PREDICT"].answer([text, 5, 1, folder.name]))
    rows.append(["none, asked again", f"{again:.2f}"])
    print(f"\nGPT2_PREDICT of {n_tokens} tokens after an edit in one block:\n")
    print(markdown(["block edited", "ms"], rows), flush=True)


def print_cells(counts: tuple[int, ...]) -> None:
    """Prints the cost of numbers between cells and arrays, and in a workbook file without Excel."""
    rows = []
    for count in counts:
        columns = min(COLUMNS, count)
        values = np.random.default_rng(0).standard_normal((count // columns, columns))
        array = values.astype(np.float32)
        lists = values.tolist()
        tuples = tuple(map(tuple, lists))
        mixed = np.array(lists, object)
        convert = [milliseconds(lambda raw=raw: cells.numbers(raw, "x")) for raw in (lists, tuples, mixed, values)]
        out = milliseconds(lambda array=array: cells.as_table(array))
        rows.append([f"{count:,}", *(f"{time:.1f}" for time in (*convert, out)), *_headless(values)])
    header = ["cells", "lists in", "tuples in", "objects in", "floats in", "out"]
    header += ["headless: open", "recalculate", "save", "file, MB"]
    print(
        "\nConversion of cells and a workbook with one formula over them, ms:\n\n" + markdown(header, rows), flush=True
    )


def _headless(values: np.ndarray) -> list[str]:
    """A sheet of numbers and a formula that spills as many: it is opened, changed, recalculated and saved."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "cells.xlsx"
        _write_workbook(path, values)
        opened: list[Workbook] = []
        functions = {"TWICE": lambda x: 2 * cells.numbers(x, "x")}
        load = milliseconds(lambda: opened.append(Workbook.open(path, functions)), 1)
        book = opened[0]
        book.recalculate()
        edits = iter(range(1, 10))

        def edit() -> None:
            book.set("Numbers!A1", float(next(edits)))
            book.recalculate()

        recalculate = milliseconds(edit)
        save = milliseconds(lambda: book.save(Path(temporary) / "saved.xlsx"), 1)
        size = (Path(temporary) / "saved.xlsx").stat().st_size / 1e6
        return [f"{load:,.0f}", f"{recalculate:,.0f}", f"{save:,.0f}", f"{size:.1f}"]


def _write_workbook(path: Path, values: np.ndarray) -> None:
    n_rows, n_columns = values.shape
    book = NewWorkbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("Numbers")
    for row, line in enumerate(values.tolist()):
        sheet.write_row(row, 0, line)
    other = book.add_worksheet("Twice")
    numbers = f"Numbers!A1:{cell_name(n_rows, n_columns)}"
    other.write_dynamic_array_formula(0, 0, n_rows - 1, n_columns - 1, f"=TWICE({numbers})")
    book.close()


def print_memory(folder: Path) -> None:
    """Prints the peak resident memory of a fresh process after each of these steps."""
    weights = checkpoints.weights_bytes(folder)
    steps: list[tuple[str, str, tuple[Any, ...]]] = [
        ("forward 10", "forward", (prompt(10),)),
        ("everything at 10", "everything", (prompt(10),)),
        ("forward 1,024", "forward", (prompt(1024),)),
    ]
    with workers.started(BESIDE[:1], folder) as running:
        worker = running[BESIDE[0]]
        rows = [["loaded", *_peak(worker, weights)]]
        for name, method, arguments in steps:
            worker.call(method, *arguments)
            rows.append([name, *_peak(worker, weights)])
    print("\nPeak of resident memory, this project, in a fresh process:\n")
    print(markdown(["after", "MB", "x weights"], rows), flush=True)


def _peak(worker: Worker, weights: int) -> list[str]:
    peak = worker.peak()
    return [f"{peak / 1e6:,.0f}", f"{peak / weights:.2f}"]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tiny model and few cells, to see that it runs")
    quick = parser.parse_args().quick
    folder = checkpoints.cached("tiny" if quick else "small")
    rounds = 1 if quick else 5
    print(machine(), flush=True)
    print_memory(folder)
    print_edits(folder)
    print_cells(CELLS[:1] if quick else CELLS)
    print_tokens(folder, rounds)
    print_widths((64,) if quick else WIDTHS, rounds)


if __name__ == "__main__":
    main()
