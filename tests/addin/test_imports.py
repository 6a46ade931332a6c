"""Imports run one way, from the command line down to the backend."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("addin", "workbook_templates", "udfs")

# From top to bottom. A module may import from its own layer's packages and from lower layers. The hosts desktop,
# office, lite and calc share a layer but not their modules. `addin.calc.layout` is Calc's array formulas in plain
# Python, which LibreOffice's Python and the headless host both import.
LAYERS = (
    ("addin.cli",),
    ("addin.commands",),
    ("addin.desktop", "addin.office", "addin.lite", "addin.calc"),
    ("addin.templates", "addin.mapping", "addin.made_by"),
    ("addin.headless",),
    ("addin.cluster", "addin.hub", "addin.programs", "addin.xlwings_functions", "addin.calc.layout"),
    ("addin.errors", "addin.memory", "addin.windows_registry"),
    ("addin",),
    ("workbook_templates",),
    ("udfs",),
    ("udfs.backend",),
)
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def package_of(module: str) -> str:
    """The entry of LAYERS that a module belongs to: the longest one that its name begins with."""
    entries = [entry for layer in LAYERS for entry in layer if f"{module}.".startswith(f"{entry}.")]
    return max(entries, key=len)


def layer_of(package: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if package in layer)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the name of every import from this project, including imports inside functions."""
    folder = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*folder[: len(folder) - node.level + 1]] if node.level else []
            source = ".".join([*base, *filter(None, [node.module])])
            names = [f"{source}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.partition(".")[0] in PACKAGES)


def may_import(importer: str, target: str) -> bool:
    own, other = package_of(importer), package_of(target)
    return own == other or layer_of(own) < layer_of(other)


def test_no_module_imports_upward() -> None:
    assert [line for path in MODULES for line in upward_imports(path)] == []


def upward_imports(path: Path) -> Iterator[str]:
    importer = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for line, name in imported(path):
        if not may_import(importer, name):
            yield f"{path}:{line} imports {name}"


def test_the_check_finds_upward_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = [("addin.cli", "addin.commands.run"), ("addin.office.app", "addin.hub.downloads")]
    allowed += [("addin.headless.names", "addin.calc.layout.fault"), ("udfs.lens", "udfs.backend.model")]
    refused = [("addin.office.app", "addin.commands.run"), ("addin.office.app", "addin.calc.wire")]
    refused += [("udfs.lens", "workbook_templates.build"), ("udfs.backend.model", "udfs.cells.CellError")]
    refused += [("addin.hub", "addin.office"), ("udfs.backend.model", "udfs"), ("addin.errors", "addin.programs")]
    assert [pair for pair in allowed if not may_import(*pair)] == []
    assert [pair for pair in refused if may_import(*pair)] == []
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    module = tmp_path / "udfs" / "backend" / "fast" / "layers.py"
    module.parent.mkdir(parents=True)
    module.write_text("def f():\n    from ...cells import CellError\nfrom . import tiles\nimport udfs.cells, numpy\n")
    assert sorted(imported(module)) == [
        (2, "udfs.cells.CellError"),
        (3, "udfs.backend.fast.tiles"),
        (4, "udfs.cells"),
    ]
