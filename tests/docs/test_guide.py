"""The guide shows what the workbooks show, and its pictures are small."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.books import Books
from tests.docs.guide import CHAPTERS, FOLDER, page
from tests.docs.lesson import Lesson
from tests.docs.pictures import FOLDER as PICTURES
from tests.docs.pictures import pictures

_DOCS = FOLDER.parent
_MOST_BYTES = 1_500_000  # of the pictures that `tests/docs/pictures.py` takes


@pytest.fixture(scope="module")
def lesson(books: Books) -> Iterator[Lesson]:
    opened = Lesson(books)
    yield opened
    opened.close()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_shows_what_the_workbooks_show(chapter: str, lesson: Lesson) -> None:
    """After a change of the texts, the workbooks or the model: python -m tests.docs.guide"""
    assert page(chapter, lesson) == (FOLDER / f"{chapter}.md").read_text(encoding="utf-8")


def test_every_chapter_has_a_page_and_no_other_is_there() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.md")) == sorted(CHAPTERS)


def test_every_picture_is_on_a_page_and_small() -> None:
    taken = {f"{picture.name}.png" for picture in pictures()}
    assert {path.name for path in PICTURES.iterdir()} == taken
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < _MOST_BYTES
    text = "".join(path.read_text(encoding="utf-8") for path in _DOCS.rglob("*.md"))
    assert [name for name in sorted(taken) if f"pictures/{name})" not in text] == []
