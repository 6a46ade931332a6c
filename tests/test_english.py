"""Every text is plain English: no turn of phrase that follows German syntax and has to be read twice."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

AWKWARD = (
    "and its like",
    "are no inputs",
    "fit behind",
    "foresaw",
    "from which on",
    "goes on where it was",
    "hangs on",
    "has to say to",
    "is asked of",
    "is no part",
    "lie by",
    "nobody looks",
    "nothing: empty",
    "of which",
    "or its like",
    "says of itself",
    "stands in",
    "such are",
    "that it is for",
    "whatever is",
    "where there is none",
    "with what it has",
    "yours to change",
)

_SAMPLES = (
    "examples/README.md",
    "udfs/models/demo/recipe/grammar/",
    "udfs/models/demo/report.md",
    "udfs/models/demo_sae/",
)
"""Texts of the model, not of the authors."""


def _texts() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.yml", "*.html"], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    own = Path(__file__).relative_to(ROOT).as_posix()
    return [name for name in listed.stdout.split() if name != own and not name.startswith(_SAMPLES)]


@pytest.mark.skipif(not _texts(), reason="needs a clone of the repository")
def test_no_text_has_an_awkward_turn() -> None:
    pattern = re.compile(r"\b(" + "|".join(turn.replace(" ", r"[\s#]+") for turn in AWKWARD) + r")\b", re.I)
    found = []
    for name in _texts():
        text = (ROOT / name).read_text(encoding="utf-8")
        found += [f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}" for match in pattern.finditer(text)]
    assert not found, "\n".join(found)
