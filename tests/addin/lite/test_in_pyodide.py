"""What needs no NumPy, in Pyodide itself. NumPy's wheel for Pyodide comes from a server that CI cannot reach.

`npm pack pyodide@314.0.7`, unpack it, and set `GPT2_EXCEL_PYODIDE` to the folder `package`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import pytest

from addin import NAME
from tests.hosts.lite_limits import PACKAGES

ROOT = Path(__file__).parents[3]
FOLDER = os.environ.get("GPT2_EXCEL_PYODIDE", "")
# Our packages as packages without their own code, because `udfs` imports NumPy.
PRELUDE = """
import sys
from types import ModuleType

sys.path += ["/packages"]
for name in ("udfs", "udfs.backend"):
    module = sys.modules[name] = ModuleType(name)
    module.__path__ = ["/repository/" + name.replace(".", "/")]
sys.path.insert(0, "/repository")
"""

pytestmark = [
    pytest.mark.skipif(not shutil.which("node"), reason="node is not on this machine"),
    pytest.mark.skipif(not FOLDER, reason="GPT2_EXCEL_PYODIDE is not set to the folder of npm's package pyodide"),
]


def in_pyodide(program: str) -> str:
    """What a program prints in Pyodide."""
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("in_pyodide.mjs")), FOLDER, str(ROOT), PRELUDE + program],
        env=os.environ | {"PACKAGES": sysconfig.get_path("purelib")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout.strip()


def test_the_facts_that_the_code_relies_on() -> None:
    program = """
from udfs.backend.folders import models_folder
from udfs.backend.system import IN_BROWSER
from pyodide.ffi import jsnull
import threading

try:
    threading.Thread(target=print).start()
except RuntimeError as error:
    print(error)
print(IN_BROWSER, models_folder(), type(jsnull).__name__, jsnull is None)
"""
    assert in_pyodide(program).splitlines() == ["can't start new thread", "True /data JsNull False"]


def test_deep_nesting_is_refused_where_it_would_stop_python() -> None:
    program = """
from udfs.backend import bounded_json
for text in ("[" * 100_000, '{"a":' * 100_000, '["' + "[" * 9 + '",' + "[" * 5000):
    try:
        bounded_json.loads(text)
    except ValueError as error:
        print(error)
print(bounded_json.loads('["[[[", {"a": [1]}]'))
"""
    refused = ["JSON must have at most 32 nested levels"] * 3
    assert in_pyodide(program).splitlines() == [*refused, "['[[[', {'a': [1]}]"]


def test_the_requirements_that_apply_there() -> None:
    program = f"""
from packaging.requirements import Requirement
requirements = map(Requirement, {[line for line in metadata.requires(NAME) or [] if "extra ==" not in line]!r})
print(*[r.name for r in requirements if not r.marker or r.marker.evaluate()])
"""
    assert set(in_pyodide(program).split()) == PACKAGES


def test_every_module_of_the_functions_compiles_without_a_warning() -> None:
    program = """
import pathlib, warnings
warnings.simplefilter("error")
files = [*pathlib.Path("/repository/udfs").rglob("*.py"), *pathlib.Path("/repository/addin/lite").rglob("*.py")]
files = [file for file in files if "recipe" not in file.parts]
for file in files:
    compile(file.read_text(encoding="utf-8"), str(file), "exec")
print(len(files))
"""
    assert int(in_pyodide(program)) > 50


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server of one file of 30 MB, at the place where a hub has a model's weights."""
    folder = tmp_path / "some" / "model" / "resolve" / "main"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(range(250)) * 120_000)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_a_download_arrives_in_chunks(server: str) -> None:
    program = f"""
import os, pathlib
from addin.errors import AddinError
from addin.lite.download import download, fetched

os.environ["HF_ENDPOINT"] = {server!r}
os.mkdir("/data")
folder = pathlib.Path("/data/gpt2")
await download("some/model", ["model.safetensors"], folder, lambda arrived: print(arrived))
content = (folder / "model.safetensors").read_bytes()
print(content == bytes(range(250)) * 120_000, os.listdir("/data"))
sizes = [len(chunk) async for chunk in fetched({server!r} + "/some/model/resolve/main/model.safetensors")]
print(max(sizes) < 2_000_000, sum(sizes))
try:
    await download("no/model", ["model.safetensors"], folder, print)
except AddinError as error:
    print(error)
print(os.listdir("/data"))
"""
    assert in_pyodide(program).splitlines() == [
        "model.safetensors: 30.0 MB, complete",
        "/data/gpt2.incomplete",
        "gpt2 is now in /data/gpt2",
        "True ['gpt2']",
        "True 30000000",
        f"{server}/no/model/resolve/main/model.safetensors answered 404",
        "['gpt2']",
    ]
