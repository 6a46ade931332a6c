"""The same call gives the same bytes after any other calls, in any order, on any thread, with or without a cache.

Every call that the formulas of the template workbooks make is recorded once. Another process, which has no cache
folder, computes each by itself, with nothing kept. The calls are then replayed here in random orders, from several
threads, with cold and warm caches, and must give the same bytes.
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
THREADS = 8

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


@pytest.fixture(scope="module")
def expected(recorded: Callable[[str], list[recorded_calls.Call]], tmp_path_factory: pytest.TempPathFactory) -> Digests:
    """Every call of every template workbook, each once, with its digest in another process and without caches."""
    calls: dict[object, Call] = {}
    for template in TEMPLATES:
        for call in recorded(template):
            calls.setdefault((call.name, content_key(call.arguments)), (call.name, call.arguments))
    assert {name for name, _ in calls.values()} >= {"GPT2_LINEAR", "GPT2_LOGITLENS", "GPT2_PATCH", "GPT2_GENERATE"}
    no_folder = tmp_path_factory.mktemp("cache") / "file"
    no_folder.write_text("")
    script = "import json, pickle, sys; from tests.udfs import test_no_hidden_state as test; "
    script += "print(json.dumps(test.digests_alone(pickle.load(sys.stdin.buffer))))"
    digests = json.loads(in_new_process(script, pickle.dumps(list(calls.values())), no_folder))
    return list(zip(calls.values(), digests, strict=True))


def digests_alone(calls: list[Call]) -> list[str]:
    """The digest of each call after everything was forgotten."""
    digests = []
    for call in calls:
        forget_results()
        digests.append(digest(call))
    return digests


@pytest.mark.parametrize("order", ORDERS)
def test_every_call_in_a_random_order(order: int, expected: Digests) -> None:
    """Every fifth order begins with cold caches, the others with warm ones. Even orders run on several threads."""
    shuffled = list(expected)
    random.Random(order).shuffle(shuffled)
    if order % 5 == 0:
        forget_results()
    threads = THREADS if order % 2 == 0 else 1
    with ThreadPoolExecutor(threads) as pool:
        wrong = [names for names in pool.map(different, (shuffled[i::threads] for i in range(threads))) if names]
    assert wrong == []


def different(expected: Digests) -> list[str]:
    """The functions whose call has another digest."""
    return [call[0] for call, wanted in expected if digest(call) != wanted]


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
