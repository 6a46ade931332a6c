"""The animated picture of the README: `python -m tests.she_he` writes `docs/she_he.gif`.

The tabs Start and Attention of `2_mri.xlsx`, as LibreOffice prints them, for two prompts that differ in one word. Needs
LibreOffice, pdftoppm (apt: poppler-utils) and Pillow (the extra `docs`).
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from tests.hosts.calc_host import Calc, calc
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import HE_MOVES, SHE_MOVES
from workbook_templates import build, prompt_tab

FILE = Path(__file__).parents[1] / "docs" / "she_he.gif"
_DOTS: Final = 110  # an inch
_MILLISECONDS: Final = 1800  # a frame
# Parts of a printed page: left, top, right, bottom, as shares of its width and height.
_NOW: Final = ("Start", (0.035, 0.284, 0.45, 0.3365))
_LOOKS: Final = ("Attention", (0.033, 0.2225, 0.66, 0.405))


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
            frames.append(_frame([_part(office, *part, drafts) for part in (_NOW, _LOOKS)]))
    first, *others = (frame.quantize(64) for frame in frames)
    first.save(FILE, save_all=True, append_images=others, duration=_MILLISECONDS, loop=0, optimize=True)


def _part(office: Calc, tab: str, box: tuple[float, float, float, float], folder: Path) -> Image.Image:
    """A part of a printed tab."""
    pdf = folder / "tab.pdf"
    office.print(tab, pdf.as_uri())
    subprocess.run(["pdftoppm", "-r", str(_DOTS), "-png", "-singlefile", str(pdf), str(folder / tab)], check=True)
    page = Image.open(folder / f"{tab}.png").convert("RGB")
    left, top, right, bottom = box
    return page.crop(
        (int(left * page.width), int(top * page.height), int(right * page.width), int(bottom * page.height))
    )


def _frame(parts: list[Image.Image]) -> Image.Image:
    """The parts below each other."""
    width = max(part.width for part in parts)
    frame = Image.new("RGB", (width, sum(part.height for part in parts)), "white")
    top = 0
    for part in parts:
        frame.paste(part, (0, top))
        top += part.height
    return frame


if __name__ == "__main__":
    main()
