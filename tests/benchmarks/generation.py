"""How the time for a generated token grows with the number of tokens before it, compared with attention alone.

pip install -e ".[test]"
python -m tests.benchmarks.generation

GPT-2 small with random weights generates 1,000 tokens. Then one more token is read at several lengths of that text, in
turn, so that other load on the machine slows all of them alike; the results are medians. Only attention, which looks at
every token so far, may grow; the rest reads the same weights each time.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from tests.benchmarks import checkpoints
from tests.benchmarks.speed import machine
from tests.benchmarks.tables import markdown
from tests.benchmarks.workers import prompt
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.fast.forward import attend
from udfs.backend.generate import decoding
from udfs.backend.generate.reader import Reader
from udfs.backend.generate.sampling import GREEDY, random_numbers
from udfs.backend.gpt2.model import Model

N_PROMPT = 10
N_TOKENS = 1000
LENGTHS = (25, 50, 100, 200, 400, 600, 800, 1000)


def generated(model: Model, n_tokens: int) -> list[int]:
    """A prompt and the model's continuation. Prints how long that took."""
    ids = prompt(N_PROMPT)
    start = perf_counter()
    ids += [step.token for step in decoding.steps(ids, n_tokens, model, GREEDY, random_numbers())]
    print(f"{len(ids) - N_PROMPT:,} tokens after a prompt of {N_PROMPT} in {perf_counter() - start:.1f} s", flush=True)
    return ids


def milliseconds(work: Callable[[], object]) -> float:
    """The milliseconds that a call takes."""
    start = perf_counter()
    work()
    return 1000 * (perf_counter() - start)


def attend_once(keys: Array, values: Array) -> None:
    """Scores, pattern and mix of one token in every block: `[n_layer, n_head, n_seq, d_head]`."""
    for k, v in zip(keys, values, strict=True):
        attend(k[:, -1:], k, v, math.sqrt(k.shape[-1]))


def measure(model: Model, ids: list[int], lengths: tuple[int, ...], rounds: int) -> dict[int, tuple[float, float]]:
    """The median milliseconds of a token at each length, and of its attention alone."""
    config = model.config
    random = np.random.RandomState(0)
    shape = (config.n_layer, config.n_head, max(lengths), config.d_head)
    keys, values = (random.standard_normal(shape).astype(np.float32) for _ in range(2))
    readers = {length: Reader(ids[:length], model) for length in lengths}
    times: dict[int, list[tuple[float, float]]] = {length: [] for length in lengths}
    for _ in range(rounds):
        for length, reader in readers.items():
            whole = milliseconds(lambda reader=reader: reader.read([0]))
            reader.go_back(length)
            seen = slice(0, length)
            alone = milliseconds(lambda seen=seen: attend_once(keys[:, :, seen], values[:, :, seen]))
            times[length].append((whole, alone))
    return {length: tuple(np.median(times[length], axis=0).tolist()) for length in lengths}


def print_growth(folder: Path, n_tokens: int, lengths: tuple[int, ...], rounds: int) -> None:
    """Prints one row for each length."""
    model = catalogue.load(folder.name)
    found = measure(model, generated(model, n_tokens), lengths, rounds)
    rows = [[f"{length:,}", f"{all_:.1f}", f"{own:.1f}", f"{all_ - own:.1f}"] for length, (all_, own) in found.items()]
    print(f"\nMilliseconds for a token, medians of {rounds}:\n")
    print(markdown(["tokens before it", "all", "attention alone", "the rest"], rows), flush=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tiny model and few tokens, to see that it runs")
    quick = parser.parse_args().quick
    folder = checkpoints.cached("tiny" if quick else "small")
    os.environ["GPT2_EXCEL_MODELS"] = str(folder.parent)
    print(machine(), flush=True)
    if quick:
        print_growth(folder, 20, (10, 20), 2)
    else:
        print_growth(folder, N_TOKENS, LENGTHS, 60)


if __name__ == "__main__":
    main()
