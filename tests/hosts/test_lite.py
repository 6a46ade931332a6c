"""Values between xlwings Lite and our functions, in a process with Pyodide's limits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.broken_gelu import BREAK_GELU
from tests.hosts.lite_host import ROOT, Lite, running
from tests.hosts.lite_limits import NEEDED_BY_THEM, PACKAGES
from tests.hosts.recorded_calls import Call, replay, rewrites_a_fact
from tests.random_checkpoint import write_checkpoint
from tests.udfs.example_calls import MODEL, WORKING, wrong_values
from udfs.cells import ERROR_MARK, FUNCTIONS, as_table
from workbook_templates import FORMULAS_ONLY, TEMPLATES

ANATOMY = "anatomy"  # test_same_cells.py has it, for every host
IN_PYODIDE = "from tests.hosts.lite_limits import impose; impose()\n"


@pytest.fixture(scope="module")
def lite() -> Iterator[Lite]:
    with running() as started:
        yield started


def in_limits(code: str, **environment: str) -> str:
    """What code prints in a process with Pyodide's limits."""
    done = subprocess.run(
        [sys.executable, "-c", IN_PYODIDE + code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_main_registers_every_function_with_its_short_help(lite: Lite) -> None:
    assert lite.registered.keys() == FUNCTIONS.keys()
    for name, function in FUNCTIONS.items():
        registered = lite.registered[name]
        assert registered["ret"]["doc"] == function.help
        shown = [(argument["name"], argument["doc"], "optional" in argument) for argument in registered["args"]]
        assert shown == [(argument.name, argument.help, argument.optional) for argument in function.arguments]


@pytest.mark.parametrize("template", sorted(TEMPLATES.keys() - FORMULAS_ONLY - {ANATOMY}))
def test_the_functions_of_every_workbook_give_the_same_cells(
    lite: Lite, template: str, recorded: Callable[[str], list[Call]]
) -> None:
    # Lite takes a minute to rewrite a fact in the model demo. With the model tiny, a test below does so.
    calls = [call for call in recorded(template) if not rewrites_a_fact(call)]
    assert len(calls) > 5
    # What is small beside the other numbers of its call is a difference of large ones.
    replay(calls, lite.call, of_largest=1e-6)


@pytest.mark.parametrize("name", WORKING)
def test_every_function_gives_the_same_cells(lite: Lite, name: str) -> None:
    given = {"model": MODEL, **WORKING[name]}
    function = FUNCTIONS[name.upper()]
    arguments = [given.get(argument.name) for argument in function.arguments]
    wanted = as_table(function.answer(arguments))
    assert not str(wanted[0][0]).startswith(ERROR_MARK)
    rows = lite.call(function.name, arguments)
    assert [[type(value) for value in row] for row in rows] == [[shown_type(value) for value in row] for row in wanted]
    replay([Call(function.name, tuple(arguments), wanted)], lite.call, of_largest=1e-5)


def shown_type(value: object) -> type:
    """The type of a cell: whole numbers are floats, and a blank cell is an empty text."""
    if value is None:
        return str
    return float if type(value) is int else type(value)


@pytest.mark.parametrize("name", WORKING)
def test_every_wrong_argument_is_one_line(lite: Lite, name: str) -> None:
    tried = 0
    for argument in FUNCTIONS[name.upper()].arguments:
        for wrong in filter(is_cells, wrong_values(name, argument.name)):
            given = {"model": MODEL, **WORKING[name], argument.name: wrong}
            arguments = [given.get(known.name) for known in FUNCTIONS[name.upper()].arguments]
            wanted = as_table(FUNCTIONS[name.upper()].answer(arguments))
            if str(wanted[0][0]).startswith(ERROR_MARK) and "download" not in str(wanted[0][0]):
                assert lite.call(name.upper(), arguments) == wanted
                tried += 1
    assert tried


def is_cells(value: Any) -> bool:
    """Whether Office.js could pass the value: a rectangle of texts, finite numbers and blanks."""
    try:
        items = np.array(value, object).ravel().tolist()
    except ValueError:
        return False
    return all(
        item is None or type(item) in (str, int, bool) or (type(item) is float and np.isfinite(item)) for item in items
    )


def test_blank_cells_of_a_range_are_blank(lite: Lite) -> None:
    assert lite.call("GPT2_GELU", [[[1.0, None], [2.0, None]]]) == lite.call("GPT2_GELU", [[[1.0], [2.0]]])
    blank_inside = lite.call("GPT2_GELU", [[[1.0, None], [2.0, 3.0]]])
    assert blank_inside == [[f"{ERROR_MARK}x has a blank cell in row 1, column 2: a number is needed"]]


def test_a_missing_model_names_what_is_possible_there(lite: Lite) -> None:
    line = lite.call("GPT2_INFO", ["gpt2-medium"])[0][0]
    assert "import config.json and model.safetensors as files of" in line
    line = lite.call("GPT2_SAE_FEATURE", [3, 0, "gpt2"])[0][0]
    assert "gpt2-excel download" not in line


def test_a_bug_is_one_line_and_a_traceback_in_the_output(capfd: pytest.CaptureFixture[str]) -> None:
    with running(BREAK_GELU) as broken:
        line = f"{ERROR_MARK}GPT2_GELU failed: KeyError (a bug; Python's output shows where)"
        assert broken.call("GPT2_GELU", [1.0]) == [[line]]
    assert "Traceback" in capfd.readouterr().err


def test_the_folder_of_models_and_the_memory_for_results() -> None:
    code = (
        "from udfs.backend.folders import models_folder; from udfs.backend.result_cache import limit_bytes\n"
        "print(models_folder(), limit_bytes() / 2**20)"
    )
    assert in_limits(code, GPT2_EXCEL_MODELS="", GPT2_EXCEL_CACHE_MB="") == "/data 256.0"
    assert in_limits(code, GPT2_EXCEL_MODELS="/data/mine", GPT2_EXCEL_CACHE_MB="10") == "/data/mine 10.0"


def test_only_the_packages_of_pyodide_are_imported() -> None:
    used = in_limits(
        "import sys; before = set(sys.modules)\n"
        "import addin.lite.functions as f; f.gpt2_predict('a'); f.gpt2_parameters()\n"
        "print(*{name.partition('.')[0] for name in sys.modules.keys() - before})"
    )
    packages = set(used.split()) - sys.stdlib_module_names - {"addin", "udfs"}
    assert {"numpy", "tiktoken", "xlwings"} <= packages <= PACKAGES | NEEDED_BY_THEM


def test_the_limits_hold() -> None:
    refusals = {
        "import lxml": "ModuleNotFoundError",
        "import huggingface_hub": "ModuleNotFoundError",
        "import threading; threading.Thread().start()": "RuntimeError",
        "import subprocess; subprocess.run(['true'])": "OSError",
        "from concurrent.futures import ThreadPoolExecutor; ThreadPoolExecutor(1).submit(print)": "RuntimeError",
    }
    found = in_limits(
        f"for code in {list(refusals)}:\n"
        "    try:\n        exec(code)\n        print('allowed')\n"
        "    except Exception as error:\n        print(type(error).__name__)"
    )
    assert dict(zip(refusals, found.splitlines(), strict=True)) == refusals


def test_a_block_copies_no_weights(tmp_path: Path) -> None:
    """Beside the mapped file, no second copy of a model is in memory."""
    file = write_checkpoint(tmp_path / "wide", "wide") / "model.safetensors"
    peak = in_limits(
        "import tracemalloc, udfs\n"
        "udfs.gpt2_detokenize([0])  # reads the vocabulary\n"
        "tracemalloc.start()\n"
        "x = udfs.gpt2_block(1, udfs.gpt2_block(0, [[1.0] * 512] * 4, 'wide'), 'wide')\n"
        "udfs.gpt2_logits(x, 3, 1, 'wide')\n"
        "print(tracemalloc.get_traced_memory()[1])",
        GPT2_EXCEL_MODELS=str(tmp_path),
    )
    assert int(peak) < file.stat().st_size / 8
