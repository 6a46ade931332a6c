"""Pictures of parts of tabs for `docs/`: `python -m tests.docs.pictures [NAME ...]` takes all of them, or those named.

LibreOffice prints the cells of a workbook that was computed without it, with the demo model. Needs LibreOffice,
pdftoppm (apt: poppler-utils) and Pillow (the extra `docs`).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

from addin.headless import Workbook
from tests.books import Books
from tests.docs.lesson import Lesson
from tests.hosts.calc_host import Calc, calc
from tests.shared import Shared
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import SHE_MOVES
from workbook_templates import build

if TYPE_CHECKING:
    from PIL import Image

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
_DOTS: Final = 110  # an inch
_COLOURS: Final = 128
_EDGE: Final = 4  # dots of white around the cells
_LONGEST: Final = 400  # rows of a tab in which a text is looked for


class Part(NamedTuple):
    """Rows of a tab, from the one that begins with a text on, or from the top if the text is empty."""

    tab: str
    columns: str
    first: str
    rows: int


@dataclass(frozen=True)
class Picture:
    """Parts of a tab, one below the other.

    columns: the first and the last one, `A:K`
    parts: for each part, a text that begins its first row, or nothing for the top of the tab, and its number of rows
    prompt: typed before the picture is taken; if it is empty, the workbook's own stays
    inputs: what else is typed: cells of that tab, and their values
    """

    name: str
    template: str
    tab: str
    columns: str
    parts: tuple[tuple[str, int], ...]
    prompt: str = ""
    inputs: Mapping[str, str | float] = field(default_factory=dict)


_IN_README: Final = (  # the top of a tab: name, template, tab, columns, rows
    ("block", "anatomy", "Block 5", "A:R", 56),
    ("lens", "mri", "Logit lens", "A:M", 44),
    ("surgery", "surgery", "SAE feature", "A:R", 50),
    ("temperature", "generation", "Temperature", "A:L", 45),
    ("pure", "pure", "Start", "A:N", 20),
    ("by_hand", "by_hand", "Attention", "A:N", 20),
)


def pictures() -> list[Picture]:
    """All pictures. A part is a band with its heading, or a table."""
    head = facts().pronoun_head
    return [
        *(Picture(name, template, tab, columns, (("", rows),)) for name, template, tab, columns, rows in _IN_README),
        Picture("tokens", "anatomy", "Tokens", "A:H", (("The tokens", 19),), "Mike studies funology"),
        Picture("embeddings", "anatomy", "Embeddings", "A:K", (("step 1", 18), ("step 4", 12))),
        Picture("positions", "anatomy", "Embeddings", "A:K", (("step 2", 18), ("step 3", 18))),
        Picture("layernorm", "anatomy", "Block 0", "A:L", (("step 1", 21),)),
        Picture("stream", "anatomy", "Start", "A:N", (("A word problem becomes a maths problem", 9),)),
        Picture("head", "anatomy", "Head", "A:N", (("step 2", 20),)),
        Picture("neurons", "mri", "Neurons", "A:H", (("The 20 strongest neurons, then all of them together", 12),)),
        Picture(
            "attention",
            "mri",
            "Attention",
            "A:K",
            (("You choose", 3), ("Where it looks: the greener, the more attention", 18)),
            SHE_MOVES,
            {"B7": head.layer, "B8": head.head},
        ),
        Picture("jedi", "surgery", "SAE feature", "A:R", (("goes on", 12),)),
        Picture("sweep", "surgery", "Coefficient sweep", "H:Q", (("Choose", 15),)),
        Picture("fact", "surgery", "A fact edited", "A:J", (("You choose", 34),)),
        Picture("rewind", "generation", "Rewind", "A:K", (("You choose", 19),)),
        Picture("check", "check", "Result", "A:C", (("Problem", 15),)),
    ]


def main() -> None:
    """Takes the pictures whose names are given, or all."""
    chosen = [picture for picture in pictures() if not sys.argv[1:] or picture.name in sys.argv[1:]]
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        lesson = Lesson(Books(Shared(Path(folder))))
        for picture in chosen:
            calc().open(_computed(lesson, picture, Path(folder)))
            parts = [Part(picture.tab, picture.columns, first, rows) for first, rows in picture.parts]
            printed(calc(), parts, Path(folder)).save(FOLDER / f"{picture.name}.png", optimize=True)
            print(picture.name, flush=True)


def _computed(lesson: Lesson, picture: Picture, folder: Path) -> Path:
    """A file with the values of the picture's workbook, so that LibreOffice has nothing to compute."""
    if picture.prompt:  # built with it, so that no row that it needs is folded away
        made = build(picture.template, folder, model="demo", tokens=16, host="headless", prompt=picture.prompt)
        book = Workbook.open(made)
    else:
        book = lesson.book(picture.template)
    for cell, value in picture.inputs.items():
        book.set(f"'{picture.tab}'!{cell}", value)
    book.recalculate()
    file = folder / f"{picture.name}.xlsx"
    book.save(file, contents="values")
    return file


def printed(office: Calc, parts: Sequence[Part], folder: Path) -> Image.Image:
    """Parts of the open workbook, one below the other."""
    from PIL import Image

    images = [_printed(office, part, folder) for part in parts]
    whole = Image.new("RGB", (max(image.width for image in images), sum(image.height for image in images)), "white")
    top = 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    return whole.quantize(_COLOURS, dither=Image.Dither.NONE)


def _printed(office: Calc, part: Part, folder: Path) -> Image.Image:
    from PIL import Image, ImageChops

    left_column, right_column = part.columns.split(":")
    top_row = _row_of(office, part.tab, part.first) if part.first else 1
    pdf = folder / "cells.pdf"
    office.print(part.tab, pdf.as_uri(), f"{left_column}{top_row}:{right_column}{top_row + part.rows - 1}")
    subprocess.run(["pdftoppm", "-r", str(_DOTS), "-png", "-singlefile", str(pdf), str(folder / "cells")], check=True)
    page = Image.open(folder / "cells.png").convert("RGB")
    box = ImageChops.difference(page, Image.new("RGB", page.size, "white")).getbbox()
    assert box, f"{part.tab}: nothing was printed"
    left, top, right, bottom = box
    return page.crop((left - _EDGE, top - _EDGE, right + _EDGE, bottom + _EDGE))


def _row_of(office: Calc, tab: str, text: str) -> int:
    """The first row with that text in one of its first four columns, counted from 1."""
    rows = office.values(tab, f"A1:D{_LONGEST}")
    return next(number for number, row in enumerate(rows, start=1) if text in row)


if __name__ == "__main__":
    main()
