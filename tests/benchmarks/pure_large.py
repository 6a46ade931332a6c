"""A large model in the workbook of native formulas: writes it, opens it in LibreOffice and checks what it computes.

python -m tests.benchmarks.pure_large [N_LAYER N_EMBD] [--bits 8] [--tokens 16] [--folder FOLDER]

A random checkpoint, by default of GPT-2 small's size, is written by `gpt2-excel new pure`. Then LibreOffice computes
prompts, which are compared with a pass in float64 over the weights of the workbook, and one weight is edited. If
LibreOffice takes more memory than `--most-gb`, it is ended. In the folder, which is otherwise a temporary one, the
checkpoint and the workbook are kept and used again.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter, sleep
from typing import TypeAlias

import numpy as np

from tests.benchmarks.checkpoints import write
from tests.benchmarks.speed import machine
from tests.hosts.calc_host import Calc, calc
from tests.workbook_templates.pure_steps import Numbers, Steps, Values, differences, with_weights
from udfs.backend import catalogue
from udfs.backend.gpt2.tokenizer import encode
from workbook_templates.pure.contents import Contents, Weights
from workbook_templates.pure.weights import MATRICES

PROMPTS = (
    "x",
    "If today is Tuesday, tomorrow is",
    "The sun rises in the",
    "2 + 2 =",
    "reinjury and funology",
    "Titanic, lightsaber",
    "It's 1984, isn't it?",
    "Dear Sir or Madam,",
    "Wittgenstein na\u00efvely said",
    "Mike is quick. He moves",
)
WITHIN = 1e-6  # of the largest value of a step
_NAME, _FILE = "random", "pure.xlsx"
_EDITED, _CHANGE = "mlp.c_proj.weight", 10_000
_STEPS, _STEP_OF_EDITED = 13, 11  # of a block; the first that the edited weight changes
Weighted: TypeAlias = Mapping[str, Numbers]


class Office:
    """LibreOffice's process: its peak memory, and its end if it takes too much."""

    def __init__(self, book: Calc, most_gb: float) -> None:
        self._group, self._most = book.office(), most_gb
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def peak(self) -> float:
        """The largest resident memory so far, in GB."""
        return self._memory("VmHWM")

    def _memory(self, field: str) -> float:
        """Of all processes of the group: the program is a child of the one that was started."""
        found = 0.0
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if os.getpgid(int(folder.name)) == self._group:
                    lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
                    found = max(found, int(lines.get(field, "0").split()[0]) / 1e6)
        return found

    def _watch(self) -> None:
        while self._memory("VmRSS") < self._most:
            sleep(1)
        print(f"LibreOffice needs more than {self._most:.0f} GB", flush=True)
        os.killpg(self._group, signal.SIGKILL)
        os._exit(1)


@contextmanager
def folder_of(given: Path | None) -> Iterator[Path]:
    """The given folder, or a temporary one."""
    if given:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def write_workbook(file: Path, bits: str, tokens: int) -> None:
    """Runs the command in a process of its own and prints its time and memory."""
    start = perf_counter()
    command = ["new", "pure", "--model", _NAME, "--bits", bits, "--tokens", str(tokens), "-o", str(file)]
    subprocess.run([sys.executable, "-m", "addin.cli", *command], check=True, stdout=subprocess.DEVNULL)
    print(f"written               {perf_counter() - start:8.1f} s")
    print(f"  peak memory         {getrusage(RUSAGE_CHILDREN).ru_maxrss / 1e6:8.2f} GB")


def weights_of(contents: Contents) -> dict[str, Numbers]:
    """The weights of the workbook in float64: whole numbers times scales."""
    shapes = contents.config.shapes()
    found = {"wte.weight": np.empty(shapes["wte.weight"]), "wpe.weight": _product(contents.wpe, axis=1)}
    found["wte.weight"][list(contents.ids)] = _product(contents.wte, axis=1)
    if contents.others:
        found["wte.weight"][list(contents.others)] = contents.other_row
    for name in shapes.keys() - found.keys():
        is_matrix = name.split(".", 2)[-1] in MATRICES
        found[name] = _product(contents.matrix(name), axis=0) if is_matrix else contents.model[name].astype(np.float64)
    return found


def _product(weights: Weights, axis: int) -> Numbers:
    scales = 1 if weights.scales is None else np.expand_dims(weights.scales, axis)
    return np.asarray(weights.numbers.astype(np.float64) * scales)


def worst(values: Values, expected: Values) -> str:
    """The largest difference, as a share of the largest value of its step, and the step. Raises AssertionError."""
    shares = {name: found.share for name, found in differences(values, {n: expected[n] for n in values}).items()}
    name = max(shares, key=lambda step: shares[step])
    assert shares[name] <= WITHIN, f"{name} differs by {shares[name]:.1e} of its largest value"
    return f"{shares[name]:8.1e} ({name})"


def check_prompt(book: Calc, steps: Steps, contents: Contents, weights: Weighted, prompt: str) -> None:
    """Types in a prompt and prints the time and the largest difference. Raises AssertionError if anything differs."""
    seconds = book.set(*book.cell_named("prompt"), prompt)
    expected = with_weights(prompt, steps.ids, contents.config, weights)
    found = worst(steps.values(expected, _shown(contents)), expected)
    token = contents.model.token_text(steps.ids[int(expected["logits"].argmax())])
    assert steps.next_token() == token, f"{prompt!r}: {steps.next_token()!r}, in float64 {token!r}"
    print(f"{len(encode(prompt)):2} tokens, F9         {seconds:8.1f} s    {found}", flush=True)


def check_edit(book: Calc, steps: Steps, contents: Contents, weights: Weighted, prompt: str) -> None:
    """Changes a weight of the middle block and prints what follows from it. `prompt` is the one that was typed last.

    Raises AssertionError if anything before it changes, or if anything after it does not.
    """
    layers, layer = _shown(contents), contents.config.n_layer // 2
    place, tensor, tab = steps.weight(_EDITED, 7, 5), f"h.{layer}.{_EDITED}", f"Weights {layer}"
    before = steps.values(with_weights(prompt, steps.ids, contents.config, weights), layers)
    learned = float(book.values(tab, place)[0][0])
    scales = contents.matrix(tensor).scales
    scale = 1 if scales is None else scales[5]
    seconds = book.set(tab, place, learned + _CHANGE)
    changed_weights = {**weights, tensor: weights[tensor].copy()}
    changed_weights[tensor][7, 5] = (learned + _CHANGE) * scale
    expected = with_weights(prompt, steps.ids, contents.config, changed_weights)
    after = steps.values(expected, layers)
    changed = {name for name, values in after.items() if not np.array_equal(values, before[name])}
    earlier = {f"block {number} step {step}" for number in layers for step in range(_STEPS) if number < layer}
    earlier |= {f"block {layer} step {step}" for step in range(_STEP_OF_EDITED)}
    assert changed == after.keys() - earlier, sorted(changed ^ (after.keys() - earlier))
    print(f"{tensor}, F9 {seconds:8.1f} s    {worst(after, expected)}: all that follows changed, nothing before it")


def _shown(contents: Contents) -> list[int]:
    """The first, the middle and the last block."""
    n_layer = contents.config.n_layer
    return sorted({0, n_layer // 2, n_layer - 1})


def main() -> None:
    """Measures, checks and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", nargs="*", type=int, default=(12, 768), help="n_layer and n_embd")
    parser.add_argument("--bits", default="8", choices=["8", "16", "full"])
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--most-gb", type=float, default=14)
    options = parser.parse_args()
    with folder_of(options.folder) as folder:
        os.environ["GPT2_EXCEL_MODELS"] = str(folder)
        if not (folder / _NAME).exists():
            write(folder / _NAME, *options.shape)
        file = folder / _FILE
        print(f"{machine()}; {options.shape[0]} x {options.shape[1]}, {options.bits} bits")
        if not file.exists():
            write_workbook(file, options.bits, options.tokens)
        print(f"size                  {file.stat().st_size / 1e6:8.1f} MB", flush=True)
        contents = Contents(catalogue.load(_NAME), options.bits)
        book = calc()
        office = Office(book, options.most_gb)
        print(f"opened in LibreOffice {book.open(file):8.1f} s, {office.peak:.1f} GB", flush=True)
        print(f"all formulas          {book.recalculate():8.1f} s, {office.peak:.1f} GB", flush=True)
        weights = weights_of(contents)
        steps = Steps(book, contents.config)
        for prompt in PROMPTS:
            check_prompt(book, steps, contents, weights, prompt)
        print(f"same next token       {len(PROMPTS):6} of {len(PROMPTS)}")
        check_edit(book, steps, contents, weights, PROMPTS[-1])
        print(f"  peak memory         {office.peak:8.1f} GB")


if __name__ == "__main__":
    main()
