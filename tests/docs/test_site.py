"""The documentation: its pages, their links, and the reference made from the functions."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.function_reference import PAGE, page
from udfs.cells import FUNCTIONS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*DOCS.rglob("*.md"), ROOT / "README.md"]
LINK = re.compile(r"\]\(([^)#]*)(#[^)]*)?\)")


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for target, anchor in LINK.findall(text):
        if target.startswith(("http://", "https://")):
            continue
        path = file.parent / target if target else file
        assert path.exists(), target
        assert not anchor or anchor[1:] in anchors(path.read_text(encoding="utf-8")), f"{target}{anchor}"


def test_the_navigation_has_every_page() -> None:
    named = re.findall(r'"([\w/]+\.md)"', (ROOT / "zensical.toml").read_text(encoding="utf-8"))
    assert sorted(named) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def test_the_reference_is_what_the_functions_say() -> None:
    """After a change of a function: python -m tests.docs.function_reference"""
    found, shown = page().split(), PAGE.read_text(encoding="utf-8").split()
    assert len(found) == len(shown)
    for word, expected in zip(found, shown, strict=True):
        if word != expected:  # a processor with other instructions rounds in another way
            assert float(word) == pytest.approx(float(expected), rel=2e-2)
    assert all(f"\n### {name}\n" in PAGE.read_text(encoding="utf-8") for name in FUNCTIONS)


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    program = shutil.which("zensical", path=str(Path(sys.executable).parent)) or shutil.which("zensical")
    if program is None:
        pytest.skip("needs the extra docs")
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    built = subprocess.run([program, "build", "--strict"], cwd=tmp_path, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "site" / "functions" / "index.html").is_file()
