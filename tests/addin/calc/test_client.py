"""The client without LibreOffice: it starts the worker process, and restarts it if it has ended."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import udfs
from addin.calc import wire
from addin.calc.client import Client
from addin.calc.worker import answer
from tests.broken_gelu import BREAK_GELU, BrokenGelu
from udfs.cells import ERROR_MARK


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client(sys.executable)
    yield client
    client.close()


def test_tables_numbers_and_messages(client: Client) -> None:
    assert client.call("GPT2_TOKENIZE", ["a b"]) == tuple(map(tuple, udfs.gpt2_tokenize("a b")))
    ids = ((257.0,), (275.0,), ("",))  # trailing blank rows, which a workbook reserves
    np.testing.assert_allclose(client.call("GPT2_EMBED", [ids, None]), udfs.gpt2_embed([[257], [275]]))
    assert client.call("GPT2_EMBED", [-1.0, ""]) == (("#GPT2! ids must be whole numbers 0 to 50256, not -1",),)


def test_an_unknown_function_is_named() -> None:
    (((line,),),) = (answer("GPT2_NOTHING", []),)
    assert line == "#GPT2! there is no function GPT2_NOTHING: gpt2-excel install --host calc updates the list"


def test_a_bug_is_one_line_and_a_traceback_in_the_log(broken_gelu: BrokenGelu) -> None:
    calls = io.BytesIO()
    wire.send(calls, ["GPT2_GELU", 1.0])
    code = f"{BREAK_GELU}; from addin.calc import worker; worker.main()"
    ran = subprocess.run([sys.executable, "-c", code], input=calls.getvalue(), capture_output=True, check=True)
    assert wire.receive(io.BytesIO(ran.stdout), list) == [[[ERROR_MARK + broken_gelu.line]]]
    assert broken_gelu.is_logged()


def test_printed_text_does_not_mix_with_the_results() -> None:
    code = """
from dataclasses import replace
from addin.calc import worker
from udfs.cells import FUNCTIONS
FUNCTIONS["GPT2_GELU"] = replace(FUNCTIONS["GPT2_GELU"], function=lambda x: print("noise") or 7.0)
worker.main()
"""
    calls = io.BytesIO()
    wire.send(calls, ["GPT2_GELU", 1.0])
    ran = subprocess.run([sys.executable, "-c", code], input=calls.getvalue(), capture_output=True, check=True)
    assert wire.receive(io.BytesIO(ran.stdout), lambda numbers, columns: list(numbers)) == [[7.0]]
    assert ran.stderr == b"noise\n"


def test_an_empty_cell_of_a_result_is_blank_and_a_number_a_float(client: Client) -> None:
    info = client.call("GPT2_ATTRIBUTION", ["a b", " c", None, "tiny"])
    assert info[1][1:3] == ("", "")
    assert isinstance(info[3][1], float)


def test_after_a_crash_a_new_process_answers(client: Client) -> None:
    assert client.call("GPT2_DETOKENIZE", [262.0]) == ((" the",),)
    process = client._process
    assert process is not None
    process.kill()
    process.wait()
    assert client.call("GPT2_DETOKENIZE", [257.0]) == ((" a",),)
    assert client._process is not process


def test_a_process_that_does_not_start_is_an_error_not_a_hang(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        Client(str(tmp_path / "nothing")).call("GPT2_GELU", [1.0])
    with pytest.raises((OSError, EOFError)):  # the process may end before or after the request
        Client("/bin/true" if Path("/bin/true").exists() else sys.executable).call("GPT2_GELU", [1.0])
