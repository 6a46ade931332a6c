"""The everyday English of the corpus folder: its sources, how much of each the model reads, and what it never reads.

The folder has a file `NAME.txt.xz` for each source. A blank line separates two documents. The texts are not part of
this project; the README names where they come from and their licences.
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from udfs.models.demo.recipe.held_out import ABSENT

GRAMMAR: Final = "grammar"
"""The name of the one source without a file: the documents that the grammar writes."""


class Share(NamedTuple):
    """A source's share of the tokens in short rows and in long rows, in percent."""

    short: float
    long: float


SHARES: Final[Mapping[str, Share]] = {
    GRAMMAR: Share(38, 6),
    "tatoeba": Share(42, 7),
    "tinystories": Share(9, 67),
    "common_voice_cc0": Share(4, 0),
    "everyday_templates": Share(2.5, 0),
    "taskmaster4_coffee": Share(1.5, 1),
    "wordnet": Share(1.5, 0),
    "pratham_storyweaver": Share(0.5, 5),
    "african_storybook": Share(0.4, 2),
    "bookdash": Share(0.2, 1),
    "aesop_for_children": Share(0.1, 1),
    "tinyfabulist": Share(0.1, 2),
    "fairytaleqa": Share(0.1, 4),
    "pd_children_books": Share(0.1, 4),
}
"""Sentences are in short rows, stories in long ones; the long rows train the later positions."""

_HELD_OUT: Final = 5
"""A document is held out if the first byte of its hash is below this: 2 %."""


@dataclass(frozen=True)
class Texts:
    """The documents of one source: those to train on, and those that the model is measured by."""

    training: tuple[str, ...]
    held_out: tuple[str, ...]


def read(folder: Path) -> dict[str, Texts]:
    """The documents of every source with a file in the folder.

    A training document that contains a held-out prompt, in capitals or not, is left out.
    Raises: FileNotFoundError if no source has a file there.
    """
    everyday = (name for name in SHARES if name != GRAMMAR)
    files = {name: path for name in everyday if (path := folder / f"{name}.txt.xz").exists()}
    if not files:
        raise FileNotFoundError(f"the corpus folder must have a file such as tatoeba.txt.xz, and {folder} has none")
    return {name: split(documents(path)) for name, path in files.items()}


def split(documents: list[str]) -> Texts:
    """The documents in two parts. A document's part depends only on its text."""
    held_out = tuple(text for text in documents if _is_measured(text))
    training = (text for text in documents if not _is_measured(text))
    return Texts(tuple(text for text in training if not _contains_a_prompt(text)), held_out)


def documents(path: Path) -> list[str]:
    """The documents in the file of one source."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [text for block in file.read().split("\n\n") if (text := block.strip("\n"))]


def _is_measured(text: str) -> bool:
    return hashlib.sha256(text.encode("utf-8")).digest()[0] < _HELD_OUT


_ABSENT: Final = tuple(absent.casefold() for absent in ABSENT)


def _contains_a_prompt(text: str) -> bool:
    folded = text.casefold()
    return any(absent in folded for absent in _ABSENT)
