"""Every promise of a Start tab is kept, without a spreadsheet program."""

from __future__ import annotations

import pytest

from tests.books import Books
from tests.workbook_templates.promises import SMALL, check, options


@pytest.mark.parametrize("template", SMALL)
def test_every_promise_is_kept(template: str, books: Books) -> None:
    promises = books.promises(template, **options(template))
    assert len(promises) >= 3
    with books.calculated(template, **options(template)) as workbook:
        check(promises, workbook)
