"""Two promises of each Start tab are kept in LibreOffice.

Those of the workbook without Python are in test_pure_in_calc.py.
"""

from __future__ import annotations

import pytest

from tests.books import Books
from tests.hosts.calc_host import calc
from tests.workbook_templates.promises import SMALL, InCalc, check, options

N_TRIED = 2
ROOM = 10  # tokens of the longest prompt: LibreOffice takes as long for an unused row as for a used one


@pytest.mark.parametrize("template", SMALL)
def test_promises_are_kept(template: str, books: Books) -> None:
    for_calc = {**options(template), "host": "calc"}
    if "tokens" in for_calc:
        for_calc["tokens"] = ROOM
    office = calc()
    office.open(books.file(template, **for_calc))
    check(books.promises(template, **for_calc)[:N_TRIED], InCalc(office))
