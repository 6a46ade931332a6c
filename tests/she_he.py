"""The animated picture of the README: `python -m tests.she_he` writes `docs/she_he.gif`.

The tabs Start and Attention of `2_mri.xlsx`, as LibreOffice prints them, for two prompts that differ in one word. Needs
LibreOffice, pdftoppm (apt: poppler-utils) and Pillow (the extra `docs`).
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.docs.pictures import Part, printed
from tests.hosts.calc_host import calc
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import HE_MOVES, SHE_MOVES
from workbook_templates import build, prompt_tab

FILE = Path(__file__).parents[1] / "docs" / "she_he.gif"
_MILLISECONDS: Final = 1800  # a frame
_NOW: Final = Part("Start", "A:F", "Right now", 3)
_LOOKS: Final = Part("Attention", "A:K", "Where it looks: the greener, the more attention", 12)


def main() -> None:
    """Writes the picture."""
    with TemporaryDirectory() as folder:
        office, drafts = calc(), Path(folder)
        office.open(build("mri", drafts, host="calc", model="demo", prompt=SHE_MOVES))
        head = facts().pronoun_head
        office.set("Attention", "B7", head.layer)
        office.set("Attention", "B8", head.head)
        frames = []
        for prompt in (SHE_MOVES, HE_MOVES):
            office.set(prompt_tab.TAB, "B6", prompt)
            frames.append(printed(office, (_NOW, _LOOKS), drafts))
    first, *others = frames
    first.save(FILE, save_all=True, append_images=others, duration=_MILLISECONDS, loop=0, optimize=True)


if __name__ == "__main__":
    main()
