"""The same call gives the same bytes after any other calls, in any order, on any thread, with or without a cache.

Every call that the formulas of the template workbooks make is recorded once. The calls are then replayed in random
orders, from several threads, with cold and warm caches, and in separate processes. The slow ones take part in a few of
these, in which they meet all the others.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from tests.caches import forget_results
from tests.hosts import recorded_calls
from udfs.backend.result_cache import content_key
from udfs.cells import FUNCTIONS

ROOT = Path(__file__).parents[2]
TEMPLATES = ("anatomy", "mri", "surgery", "generation", "check")  # `pure` calls no function
ORDERS = range(20)
WITH_SLOW = 3  # orders: one that begins with cold caches, and two with warm ones
THREADS = 8
SLOW = {"GPT2_BEAM", "GPT2_BEAM_STEPS", "GPT2_GENERATE", "GPT2_GENERATE_STEPS", "GPT2_PATH_PATCH", "GPT2_SALIENCY"}
SLOW |= {"GPT2_SCORE", "GPT2_SPECULATE", "GPT2_STEER_GENERATE"}

Call: TypeAlias = "tuple[str, tuple[object, ...]]"  # a function's name, and the raw arguments that a formula gave it
Digests: TypeAlias = "list[tuple[Call, str]]"  # each call and the checksum of its answer


def digest(call: Call) -> str:
    """A checksum of what a call shows: every bit of an array, every digit of a table."""
    name, arguments = call
    rows = FUNCTIONS[name].answer(arguments)
    if isinstance(rows, np.ndarray):  # its repr leaves out the middle of a large array
        content = f"{rows.dtype} {rows.shape}".encode() + rows.tobytes()
    else:
        content = repr(rows).encode()
    return hashlib.sha256(content).hexdigest()


def is_slow(call: Call) -> bool:
    """Whether a call generates text, sweeps, or rewrites a fact."""
    name, arguments = call
    return name in SLOW or any(" ; edit h." in str(argument) for argument in arguments)


@pytest.fixture(scope="module")
def expected(recorded: Callable[[str], list[recorded_calls.Call]]) -> Digests:
    """Every call of every template workbook, each once, with its digest in the workbooks' order and without caches."""
    calls: dict[object, Call] = {}
    for template in TEMPLATES:
        for call in recorded(template):
            calls.setdefault((call.name, content_key(call.arguments)), (call.name, call.arguments))
    assert {name for name, _ in calls.values()} >= {"GPT2_LINEAR", "GPT2_LOGITLENS", "GPT2_PATCH", "GPT2_GENERATE"}
    digests = []
    for each in calls.values():
        forget_results()
        digests.append((each, digest(each)))
    return digests


@pytest.fixture(scope="module")
def quick(expected: Digests) -> Digests:
    return [pair for pair in expected if not is_slow(pair[0])]


@pytest.mark.parametrize("order", ORDERS)
def test_every_call_in_a_random_order(order: int, expected: Digests, quick: Digests) -> None:
    """Every fourth order begins with cold caches, the others with warm ones. Even orders run on several threads."""
    shuffled = list(expected if order < WITH_SLOW else quick)
    random.Random(order).shuffle(shuffled)
    if order % 4 == 0:
        forget_results()
    threads = THREADS if order % 2 == 0 else 1
    with ThreadPoolExecutor(threads) as pool:
        wrong = [names for names in pool.map(different, (shuffled[i::threads] for i in range(threads))) if names]
    assert wrong == []


def different(expected: Digests) -> list[str]:
    """The functions whose call has another digest."""
    return [call[0] for call, wanted in expected if digest(call) != wanted]


def test_every_call_in_another_process(expected: Digests, tmp_path: Path) -> None:
    assert different_in_new_process(expected, tmp_path) == []


def test_every_call_in_a_process_without_a_cache_folder(quick: Digests, tmp_path: Path) -> None:
    file = tmp_path / "not a folder"
    file.write_text("")
    assert different_in_new_process(quick, file) == []


def different_in_new_process(expected: Digests, cache: Path) -> list[str]:
    script = "import pickle, sys, json; from tests.udfs import test_no_hidden_state as test; "
    script += "print(json.dumps(test.different(pickle.load(sys.stdin.buffer))))"
    names: list[str] = json.loads(in_new_process(script, pickle.dumps(expected), cache))
    return names


def test_an_earlier_longer_prompt_changes_no_digit(tmp_path: Path) -> None:
    prompt = "If today is Tuesday, tomorrow is"
    ask = f"print(udfs.gpt2_predict({prompt!r}, 3, 1, 'demo'))"
    fresh = in_new_process(f"import udfs; {ask}", b"", tmp_path)
    longer = in_new_process(
        f"import udfs; udfs.gpt2_predict({prompt + ' Wednesday'!r}, 3, 1, 'demo'); {ask}", b"", tmp_path
    )
    assert fresh == longer


def in_new_process(script: str, given: bytes, cache: Path) -> str:
    """The output of a Python script."""
    environment = os.environ | {"GPT2_EXCEL_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, input=given, capture_output=True, env=environment, check=True).stdout.decode()
