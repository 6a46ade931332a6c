"""Writes the guide, `docs/guide`, from the texts in `tests/docs/guide`: `python -m tests.docs.guide [CHAPTER ...]`.

A text has a name in braces where the page has a figure. `guide_figures.py` reads the figures from the workbooks.
"""

from __future__ import annotations

import sys
from pathlib import Path
from string import Formatter
from tempfile import TemporaryDirectory

from tests.books import Books
from tests.docs.guide_figures import FIGURES
from tests.docs.lesson import Lesson
from tests.shared import Shared

FOLDER = Path(__file__).parents[2] / "docs" / "guide"
TEXTS = Path(__file__).with_name("guide")
CHAPTERS = ("index", *FIGURES)


def page(chapter: str, lesson: Lesson) -> str:
    """The page of a chapter."""
    text = (TEXTS / f"{chapter}.md").read_text(encoding="utf-8")
    if chapter not in FIGURES:
        return text
    figures = FIGURES[chapter](lesson)
    if unused := set(figures) - names_in(text):
        raise ValueError(f"{chapter}.md has no {', '.join(sorted(unused))}")
    return text.format_map(figures)


def names_in(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        lesson = Lesson(Books(Shared(Path(folder))))
        for chapter in sys.argv[1:] or CHAPTERS:
            (FOLDER / f"{chapter}.md").write_text(page(chapter, lesson), encoding="utf-8")
            print(chapter, flush=True)
