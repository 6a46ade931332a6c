"""The page of each workbook has the tabs, the inputs and the things to try that the workbook declares."""

from __future__ import annotations

import pytest

from tests.docs.workbook_pages import FOLDER, INTRODUCTIONS, page
from workbook_templates import BUILDERS, TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_page_is_what_the_workbook_declares(template: str) -> None:
    """After a change of a workbook: python -m tests.docs.workbook_pages"""
    assert page(template) == (FOLDER / f"{template}.md").read_text(encoding="utf-8")


def test_every_workbook_has_a_page_and_no_other_is_there() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.md")) == sorted(INTRODUCTIONS) == sorted(TEMPLATES)


@pytest.mark.parametrize("template", TEMPLATES)
def test_inputs_are_of_tabs_that_exist(template: str) -> None:
    assert set(INTRODUCTIONS[template].inputs) <= {stop.tab for stop in BUILDERS[template].STOPS}
