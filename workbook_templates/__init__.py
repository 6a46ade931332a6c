"""The template workbooks: one builder for each, and the style that they share."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import xlsxwriter

from udfs.backend import catalogue
from udfs.backend.collector import paused
from workbook_templates import anatomy, by_hand, check, generation, mri, pure, surgery
from workbook_templates.book import Book, shape_of
from workbook_templates.formula import dialect_of
from workbook_templates.glossary import write_glossary
from workbook_templates.navigation import write_navigation
from workbook_templates.number_rows import Progress
from workbook_templates.pure.contents import Bits
from workbook_templates.tour import write_tour
from workbook_templates.tour_stops import stops_of_tour

# The file name of each template. Those with a number are the series. All of these but pure are in the repository.
TEMPLATES = {
    "anatomy": "1_anatomy.xlsx",
    "mri": "2_mri.xlsx",
    "surgery": "3_surgery.xlsx",
    "generation": "4_generation.xlsx",
    "pure": "5_pure_formulas.xlsx",
    "by_hand": "6_by_hand.xlsx",
    "check": "check.xlsx",
}

BUILDERS = {
    "anatomy": anatomy,
    "mri": mri,
    "surgery": surgery,
    "generation": generation,
    "pure": pure,
    "by_hand": by_hand,
    "check": check,
}

FORMULAS_ONLY = frozenset({"by_hand", "pure"})  # templates that use only the spreadsheet's own functions
OWN_MODEL = frozenset({"by_hand"})  # templates whose model is not a checkpoint
WRITES_BLOCKS = frozenset({"anatomy", "pure", "check"})  # templates with GPT-2's formulas in cells
EXACT = frozenset({"anatomy", "check", "pure"})  # templates for models of one shape, channels included

__all__ = ["BUILDERS", "FORMULAS_ONLY", "OWN_MODEL", "TEMPLATES", "WRITES_BLOCKS", "build"]


@paused()
def build(
    template: str,
    path: Path,
    *,
    tokens: int | None = None,
    host: str = "office",
    prompt: str | None = None,
    model: str | None = None,
    bits: Bits | None = None,
    finish: Callable[[xlsxwriter.Workbook], None] | None = None,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Writes a template workbook, which holds formulas but no values, and returns its path.

    path: a file, or a folder in which the file gets its usual name
    tokens: rows reserved for the prompt's tokens; None for the host's usual number
    host: the program that the file is for: office, lite, desktop, calc or headless
    prompt: the text in the prompt cell; None for the template's own prompt
    model: a model text for the model cell, which also sets the number of blocks and heads; None for the default model
    bits: how the weights in cells are rounded, only for `pure`; None rounds those of a large model to 8 bits
    finish: receives XlsxWriter's workbook after all its sheets, for example to add macros
    progress: receives how many of the weights are written, and how many there are

    Raises ValueError, with a message of one line, if the template or host is unknown, if tokens is too large, or if the
    model is not on this machine.
    """
    if template not in TEMPLATES:
        raise ValueError(f"template must be {' or '.join(TEMPLATES)}, not {template!r}")
    if template in EXACT and model is None:
        model = catalogue.DEMO if template in FORMULAS_ONLY else catalogue.default_name()
    dialect = dialect_of(host, fixed=template in FORMULAS_ONLY)
    tokens = dialect.usual_tokens if tokens is None else tokens
    shape = shape_of(model, tokens, exact=template in EXACT or (dialect.is_fixed and template not in OWN_MODEL))
    file = path / TEMPLATES[template] if path.is_dir() else path
    draft = BytesIO()
    workbook = xlsxwriter.Workbook(draft, {"in_memory": True})  # instead of a temporary file for each part
    builder, tour = BUILDERS[template], stops_of_tour(template)
    book = Book(workbook, dialect, shape, builder.STOPS, has_tour=bool(tour))
    if template == "pure":
        pure.write(book, prompt, model, bits)
    else:
        builder.write(book, prompt, model)
    if tour:
        write_tour(book, tour)
    write_glossary(book)
    write_navigation(book.pages)
    book.finish()
    if finish:
        finish(workbook)
    workbook.close()
    book.numbers.write(draft, file, progress)
    return file
