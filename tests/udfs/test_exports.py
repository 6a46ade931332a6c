"""The public functions: the registry, the names in `udfs`, their help, their types."""

from __future__ import annotations

import inspect
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

import udfs
from udfs.cells import FUNCTIONS, CellFunction
from udfs.excel_limits import MAX_HELP

ROOT = Path(udfs.__file__).parents[1]

GOOD_AND_BAD = """
import udfs

good = udfs.gpt2_block(3, [[0.0] * 768], model="gpt2")
rows = udfs.gpt2_predict("hello", k=3)[1:]
bad = udfs.gpt2_block("three", [[0.0] * 768])
"""


def test_every_cell_function_is_exported_and_nothing_else() -> None:
    defined = {
        name
        for path in Path(udfs.__file__).parent.glob("*.py")
        for name in re.findall(r"^@cell_function\ndef (\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    assert defined == {name.lower() for name in FUNCTIONS} == set(udfs.__all__) - {"CellError"}
    assert list(udfs.__all__) == sorted(udfs.__all__)
    assert all(getattr(udfs, name.lower()) is function.function for name, function in FUNCTIONS.items())


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda f: f.name)
def test_the_help_fits_excels_function_wizard(function: CellFunction) -> None:
    """Excel allows 255 characters for the help of a function or an argument."""
    assert re.fullmatch(r"GPT2_[A-Z_]+", function.name)
    assert 20 <= len(function.help) <= MAX_HELP
    assert "\n" not in function.help
    for argument in function.arguments:
        assert 5 <= len(argument.help) <= MAX_HELP, argument.name
    assert function.example.startswith(f"={function.name}("), function.example


@pytest.mark.parametrize("name", [name for name in udfs.__all__ if name != "CellError"])
def test_every_argument_and_result_has_a_type(name: str) -> None:
    signature = inspect.signature(getattr(udfs, name), eval_str=True)
    annotations = [parameter.annotation for parameter in signature.parameters.values()]
    assert inspect.Parameter.empty not in [*annotations, signature.return_annotation]


def test_optional_arguments_come_last_and_the_model_is_the_last_of_all() -> None:
    for function in FUNCTIONS.values():
        names = [argument.name for argument in function.arguments]
        optional = [argument.optional for argument in function.arguments]
        assert optional == sorted(optional), function.name
        assert "model" not in names[:-1], function.name


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("gpt2_block", "(layer: 'int', residual: 'ArrayLike', model: 'str' = '') -> 'Array'"),
        ("gpt2_predict", "(prompt: 'Texts', k: 'int' = 10, temperature: 'float' = 1.0, model: 'str' = '') -> 'Table'"),
        ("gpt2_tokenize", "(text: 'str', model: 'str' = '') -> 'Table'"),
    ],
)
def test_help_in_python_shows_types_arguments_errors_and_examples(name: str, signature: str) -> None:
    assert str(inspect.signature(getattr(udfs, name))) == signature
    text = pydoc.render_doc(getattr(udfs, name), renderer=pydoc.plaintext)
    assert "".join(f"{name}{signature}".split()) in "".join(text.split()).replace(",)", ")")  # 3.13 breaks long ones
    function = FUNCTIONS[name.upper()]
    for line in (function.help, function.example, *(f"{a.name}: {a.help}" for a in function.arguments)):
        assert line in text


def test_a_type_checker_finds_a_wrong_call(tmp_path: Path, cache: pytest.Cache) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed (extra lint)")
    (tmp_path / "script.py").write_text(GOOD_AND_BAD)
    command = [sys.executable, "-m", "mypy", "--config-file=", "--ignore-missing-imports", "--follow-imports=silent"]
    found = subprocess.run(
        [*command, f"--cache-dir={cache.mkdir('mypy')}", str(tmp_path / "script.py")],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    (error,) = [line for line in found.stdout.splitlines() if ": error:" in line]
    assert error.endswith('Argument 1 to "gpt2_block" has incompatible type "str"; expected "int"  [arg-type]'), error
    assert "script.py:6:" in error


def test_importing_udfs_loads_no_host_no_network_and_nothing_slow() -> None:
    code = "import sys, numpy; before = set(sys.modules); import udfs; print(*sys.modules.keys() - before)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(ran.stdout.split())
    heavy = {"addin", "huggingface_hub", "pandas", "requests", "scipy", "workbook_templates", "xlwings"}
    heavy |= {"concurrent.futures", "hashlib", "logging", "platformdirs", "random", "safetensors", "tempfile"}
    heavy |= {"threadpoolctl", "tiktoken", "udfs.backend.generate.speculation", "udfs.backend.interpret.gradients"}
    assert "udfs.anatomy" in loaded
    assert not heavy & loaded  # a call imports what it needs
