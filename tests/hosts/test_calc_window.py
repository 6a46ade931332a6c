"""What only a window shows: no question on opening, typed prompts and arrays, the Function Wizard, saving."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import udfs
from addin.headless import Workbook
from tests.hosts.calc_window import SCREENSHOTS, Window, opened
from tests.workbook_templates.files import opened as opened_by_openpyxl
from udfs.cells import FUNCTIONS
from udfs.models.demo.prompts import ADVERB
from workbook_templates import build

ANSWER = "B17"  # on the tab Prompt
MODEL = "demo" if SCREENSHOTS in os.environ else "tiny"  # which is quicker
TITLE = "1_anatomy.xlsx - LibreOffice Calc"
OTHER_PROMPT = "If today is Friday, tomorrow is"


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("anatomy", tmp_path_factory.mktemp("window"), host="calc", model=MODEL, tokens=8, prompt=ADVERB)


@pytest.fixture(scope="module")
def window(workbook: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    with opened(workbook, tmp_path_factory.mktemp("profile")) as shown:
        yield shown


def only_the_workbook(window: Window) -> bool:
    return list(window.windows()) == [TITLE]


def answers(window: Window, workbook: Path) -> list[object]:
    """The next token on the tabs Prompt and Head."""
    names = opened_by_openpyxl(workbook).defined_names
    (head,) = names["next_token"].destinations
    return [window.cells(tab, cell.replace("$", ""))["values"][0][0] for tab, cell in (("Prompt", ANSWER), head)]


def test_the_workbook_opens_without_a_question(window: Window) -> None:
    assert window.wait(lambda: only_the_workbook(window))
    window.picture("calc_start")


def test_a_prompt_is_typed_and_the_answer_changes(window: Window, workbook: Path) -> None:
    window.go("prompt")
    window.type(OTHER_PROMPT)
    window.press("Return")
    expected = udfs.gpt2_predict(OTHER_PROMPT, 1, None, MODEL)[1][1]
    assert window.wait(lambda: answers(window, workbook) == [expected] * 2)
    window.picture("calc_prompt")


def test_an_array_formula_is_typed_over_a_selection(window: Window) -> None:
    window.go("E40:G42")
    window.type('=GPT2_TOKENIZE("Hello there")')
    window.press("ctrl+shift+Return")
    assert window.wait(lambda: window.cells("Prompt", "E40:G42")["values"][1][2] == 15496)
    assert window.cells("Prompt", "E40:G42")["array"].startswith("{=")
    window.picture("calc_array")


def test_the_function_wizard_shows_our_functions(window: Window) -> None:
    window.go("E45")
    window.press("ctrl+F2")
    assert window.wait(lambda: "Function Wizard" in window.windows())
    window.activate("Function Wizard")
    window.type("GPT2_ATTENTION_MIX")  # into the search field, which has the focus
    window.press("Tab", "Tab", "Down", "Home")  # over the categories into the list of functions
    help_text = FUNCTIONS["GPT2_ATTENTION_MIX"].help
    shown = window.wait(lambda: any(help_text in text for text in window.windows().get("Function Wizard", [])))
    window.picture("calc_wizard")
    window.press("Escape")
    assert shown
    assert window.wait(lambda: only_the_workbook(window))


def test_saving_and_opening_again_keeps_all(window: Window, workbook: Path) -> None:
    before = workbook.stat().st_mtime_ns
    window.press("ctrl+s")
    assert window.wait(lambda: len(window.windows()) > 1 or workbook.stat().st_mtime_ns != before)
    for dialog in window.windows().keys() - {TITLE}:
        window.activate(dialog)
    window.press("Return")  # keep the format
    assert window.wait(lambda: workbook.stat().st_mtime_ns != before and only_the_workbook(window))
    saved = Workbook.open(workbook)
    assert saved.get("prompt") == OTHER_PROMPT
    saved.recalculate()
    assert saved.get("next_token") == udfs.gpt2_predict(OTHER_PROMPT, 1, None, MODEL)[1][1]
    assert saved.get_range("Prompt!E41:G41")[0][2] == 15496
