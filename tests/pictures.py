"""Pictures of every tab of every template, as LibreOffice Calc prints them: python -m tests.pictures [FOLDER]

A PNG for each page, `anatomy-04-Block 0-1.png`. Needs LibreOffice and pdftoppm (apt: poppler-utils).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hosts.calc_host import Calc, calc
from workbook_templates import TEMPLATES, build

_DOTS = "80"  # an inch


def main() -> None:
    """Takes the pictures of every template, and prints its name when it is done."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    for template in TEMPLATES:
        take_pictures(calc(), template, folder)
        print(template)


def take_pictures(office: Calc, template: str, folder: Path) -> None:
    """Writes the PNGs of all tabs of one template."""
    with tempfile.TemporaryDirectory() as drafts:
        office.open(build(template, Path(drafts), host="calc", model="demo"))
        for number, tab in enumerate(office.tabs()):
            pdf = Path(drafts) / "tab.pdf"
            office.print(tab, pdf.as_uri())
            name = folder / f"{template}-{number:02}-{tab}"
            subprocess.run(["pdftoppm", "-r", _DOTS, "-png", str(pdf), str(name)], check=True)


if __name__ == "__main__":
    main()
