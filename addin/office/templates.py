"""Template workbooks for Excel with this add-in, values filled in."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from addin.commands.source import open_template

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def template_file(name: str) -> tuple[bytes, str]:
    """A template on the default model, as `gpt2-excel new` makes it, and the usual name of its file."""
    workbook, usual_name = open_template(name, "office")
    workbook.recalculate()
    with TemporaryDirectory() as folder:
        path = Path(folder) / usual_name
        workbook.save(path, formulas="as stored")
        return path.read_bytes(), usual_name
