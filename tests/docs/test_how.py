"""What `docs/how.md` and `docs/security.md` say about the code is true of the code."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from udfs.backend.arrays import Array
from udfs.cells import arguments as arg
from udfs.cells import cell_function, registry
from workbook_templates.formula import dialect_of

ROOT = Path(__file__).parents[2]
HOW, SECURITY = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("how.md", "security.md"))


@pytest.mark.parametrize("text", [HOW, SECURITY], ids=["how", "security"])
def test_the_files_that_it_names_exist(text: str) -> None:
    named = re.findall(r"`((?:udfs|addin|workbook_templates|tests)(?:/[\w.]+)+)`", text)
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_stored_formulas_are_those_of_the_dialects() -> None:
    calc = dialect_of("calc")
    calc.declare("Block 0", "C9", 4, 3)
    stored = [dialect_of(host).formula("GPT2_GELU(C9#)") for host in ("desktop", "office")]
    for formula in (*stored, calc.formula("GPT2_GELU(C9#)", "Block 0", 4, 3)):
        assert f"`{formula}`" in HOW


def test_the_example_of_a_function_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "FUNCTIONS", dict(registry.FUNCTIONS))
    code = HOW.partition("```python\n")[2].partition("```")[0]
    names = {"cell_function": cell_function, "ArrayLike": ArrayLike, "Array": Array, "arg": arg, "np": np}
    exec(code, names)
    added = registry.FUNCTIONS["GPT2_NORM"]
    width = arg.model("demo").config.n_embd
    assert added.answer([np.full((2, width), 2.0), "demo"]) == pytest.approx(np.full((2, 1), 2 * width**0.5))
    assert "columns" in str(added.answer([np.ones((2, 3)), "demo"])[0][0])
