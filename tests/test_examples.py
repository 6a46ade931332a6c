"""The examples run, and their page shows what they print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples_page import PAGE, examples, printed, section


@pytest.mark.parametrize("example", examples(), ids=lambda path: path.stem)
def test_the_page_shows_what_an_example_prints(example: Path, tmp_path: Path) -> None:
    found = section(example, printed(example, tmp_path)).split()
    assert (tmp_path / example.with_suffix(".xlsx").name).is_file()
    shown = _on_the_page(example).split()
    assert len(found) == len(shown)
    for word, expected in zip(found, shown, strict=True):
        if word != expected:  # a processor with other instructions rounds in another way
            assert float(word) == pytest.approx(float(expected), rel=2e-3)


def test_the_page_shows_every_example_and_no_other() -> None:
    headings = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
    assert headings == [f"## [{example.name}]({example.name})" for example in examples()]


def _on_the_page(example: Path) -> str:
    _, heading, rest = PAGE.read_text(encoding="utf-8").partition(f"## [{example.name}]")
    return heading + rest.partition("\n## ")[0]
