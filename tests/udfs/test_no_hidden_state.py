"""The same call gives the same bytes after any other calls, in any order, on any thread, with or without a cache.

Every call that the formulas of the template workbooks make is recorded once. The calls are then replayed in random
orders, from several threads, with cold and warm caches, and in separate processes.
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
from typing import Any, NamedTuple

import numpy as np
import pytest

from addin.headless import Workbook
from tests.caches import forget_results
from udfs.backend.result_cache import content_key
from udfs.cells import FUNCTIONS
from workbook_templates import build

ROOT = Path(__file__).parents[2]
TEMPLATES = ("anatomy", "mri", "surgery", "generation", "check")  # `pure` calls no function
ORDERS = range(20)
THREADS = 8


class Call(NamedTuple):
    """A function's name and the raw arguments that a formula gave it."""

    name: str
    arguments: tuple[Any, ...]


def digest(call: Call) -> str:
    """A checksum of what a call shows: every bit of an array, every digit of a table."""
    rows = FUNCTIONS[call.name].answer(call.arguments)
    if isinstance(rows, np.ndarray):  # its repr leaves out the middle of a large array
        content = f"{rows.dtype} {rows.shape}".encode() + rows.tobytes()
    else:
        content = repr(rows).encode()
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """Every call of every template workbook, each once."""
    found: dict[object, Call] = {}

    def recording(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            found.setdefault((name, content_key(arguments)), Call(name, arguments))
            return FUNCTIONS[name].answer(arguments)

        return call

    functions = {name: recording(name) for name in FUNCTIONS}
    for template in TEMPLATES:
        file = build(template, tmp_path_factory.mktemp(template), tokens=10, host="headless", model="demo")
        Workbook.open(file, functions).recalculate()
    assert {name for name, _ in found.values()} >= {"GPT2_LINEAR", "GPT2_LOGITLENS", "GPT2_PATCH", "GPT2_GENERATE"}
    return list(found.values())


@pytest.fixture(scope="module")
def expected(calls: list[Call]) -> list[str]:
    """The digest of each call, computed in the order of the workbooks, with empty caches before each call."""
    digests = []
    for call in calls:
        forget_results()
        digests.append(digest(call))
    return digests


@pytest.mark.parametrize("order", ORDERS)
def test_every_call_in_a_random_order(order: int, calls: list[Call], expected: list[str]) -> None:
    """Every fourth order begins with cold caches, the others with warm ones. Even orders run on several threads."""
    shuffled = list(enumerate(calls))
    random.Random(order).shuffle(shuffled)
    if order % 4 == 0:
        forget_results()
    with ThreadPoolExecutor(THREADS if order % 2 == 0 else 1) as pool:
        found = dict(zip((i for i, _ in shuffled), pool.map(digest, (call for _, call in shuffled)), strict=True))
    assert [calls[i].name for i in found if found[i] != expected[i]] == []


@pytest.mark.parametrize("cache", ["writable", "a file in its place"])
def test_every_call_in_another_process(cache: str, calls: list[Call], expected: list[str], tmp_path: Path) -> None:
    """A process that can write into its cache folder, and one that cannot."""
    folder = tmp_path / "cache"
    if cache != "writable":
        folder.write_text("")
    script = "import pickle, sys, json; from tests.udfs import test_no_hidden_state as test; "
    script += "print(json.dumps([test.digest(test.Call(*call)) for call in pickle.load(sys.stdin.buffer)]))"
    found = in_new_process(script, pickle.dumps([tuple(call) for call in calls]), folder)
    assert [
        call.name for call, own, there in zip(calls, expected, json.loads(found), strict=True) if own != there
    ] == []


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
