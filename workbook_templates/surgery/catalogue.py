"""The tab Feature catalogue: what each labelled feature of demo's autoencoder means, and a text steered with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import udfs
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import PETER_IS
from workbook_templates.book import MARK, Book
from workbook_templates.grids import area, labelled_input, labelled_value, title, unless_message
from workbook_templates.prompt_tab import IS_DEMO
from workbook_templates.sheet import Page
from workbook_templates.surgery.texts import TOKENS, goes_on, mark_changes

TAB = "Feature catalogue"
CHOSEN = "chosen_feature"  # names the cell with the number of the feature
LABELS, NUMBERS = "feature_labels", "feature_numbers"  # name two columns of the catalogue

_FILE = Path(udfs.__file__).with_name("models") / "demo_sae" / "features.json"
_NUMBER, _LABEL, _SHARE, _MEAN, _TEXTS, _PROMOTES = range(6)  # columns
_TITLES = ("feature", "label", "how often", "mean activation", "fires most at the «token»", "makes likelier")
_KEYS = ("share of tokens", "mean activation")
_SHOWN_TEXTS, _SHOWN_TOKENS = 3, 6
_TIMES = (0, 2, 4, 6, 8, 12)  # the feature's mean activation


def label_of(feature: str) -> str:
    """The formula of a feature's label; a blank if it is not in the catalogue. The argument is one cell or several."""
    place = f"MATCH({feature},{NUMBERS},0)"
    return f'IF(ISNUMBER({place}),INDEX({LABELS},IFERROR({place},1),1),"")'


def write_catalogue(book: Book) -> tuple[str, str]:
    """Writes the tab. Returns the cell of the chosen feature, and the address of the strongest text."""
    page = Page(book, TAB, (14, 44, 11, 16, 64, 52), kind="result")
    features = json.loads(_FILE.read_text(encoding="utf-8"))["features"]
    page.furniture(
        TAB,
        (
            f"The {len(features)} features of demo's autoencoder that have a clear meaning. Nobody chose the meanings:",
            "training found the directions, and a program found the labels, from the texts at which each one fires.",
            "Choose a feature: the text below goes on with it, and the tab SAE feature steers with it, too.",
        ),
    )
    first = page.row + len(_TIMES) + 9
    last = first + len(features) - 1
    title(page, "Choose a feature")
    feature = labelled_input(page, "feature", facts().jedi.feature, "Its number, from the table below.")
    page.sheet.data_validation(
        feature.replace("$", ""),
        {
            "validate": "list",
            "source": f"={area(page, first, _NUMBER, last, _NUMBER)}",
            "error_message": "A number from the table below.",
        },
    )
    book.name(CHOSEN, page.place(page.row - 1, 1))
    for name, column in ((NUMBERS, _NUMBER), (LABELS, _LABEL)):
        book.name(name, page.place(first, column, last, column))
    labelled_value(page, "label", label_of(feature), "When it fires, or which words it makes likelier.")
    strongest = _texts(page, feature, area(page, first, _MEAN, last, _MEAN))
    page.row += 1
    title(
        page, "The catalogue", ("how often: at which share of the tokens of the model's own training texts it fires.",)
    )
    assert page.row + 1 == first, (page.row, first)
    _table(page, features, feature)
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, last, _PROMOTES)
    return feature.replace("$", ""), strongest


def _texts(page: Page, feature: str, means: str) -> str:
    """The text at several strengths. Returns the address of the last."""
    text = labelled_input(page, "text", PETER_IS, f"Continued by at most {TOKENS} tokens, with the feature added.")
    page.text(page.row, 0, "coefficient", page.style.header)
    page.plain(page.row, 1, f'{text}&" ..."', page.style.header)
    page.text(page.row, 2, "Multiples of its mean activation. Grey: nothing changes.", page.style.aside)
    page.row += 1
    first, last = page.row, page.row + len(_TIMES) - 1
    for row, times in enumerate(_TIMES, start=first):
        mean = f'IFERROR(INDEX({means},MATCH({feature},{NUMBERS},0)),"{MARK} this feature is not in the catalogue")'
        page.plain(row, 0, f"LET(m,{mean},IF(ISNUMBER(m),{times}*m,m))", page.style.input)
        page.sheet.write_blank(row, 1, None, page.style.cell)
    layer = facts().jedi.layer
    vector = f'"sae({layer}, "&{feature}&")"'
    formula = goes_on(text, vector, f'"h.{layer}"', area(page, first, 0, last, 0), '"all"', len(_TIMES))
    other = '"This catalogue is of demo. In other models, these numbers mean other features."'
    guarded = unless_message("model_used", f"IF({IS_DEMO},{formula},{other})", "model_used")
    page.formula(first, 1, guarded, page.style.cell, (len(_TIMES), 1))
    page.mark_errors(first, 0, last, 1)
    mark_changes(page, 1, first, last)
    page.row = last + 1
    return page.place(last, 1)


def _table(page: Page, features: list[dict[str, Any]], feature: str) -> None:
    style, header = page.style, page.row
    for column, text in enumerate(_TITLES):
        aside = style.header_aside if column in (_TEXTS, _PROMOTES) else style.header
        page.text(header, column, text, style.header_right if column in (_SHARE, _MEAN) else aside)
    for row, found in enumerate(features, start=header + 1):
        page.sheet.write_number(row, _NUMBER, found["feature"], style.note_number)
        page.text(row, _LABEL, found["label"], style.bold)
        page.sheet.write_number(row, _SHARE, found[_KEYS[0]], style.percent)
        page.sheet.write_number(row, _MEAN, found[_KEYS[1]], style.logit)
        page.text(row, _TEXTS, "   ·   ".join(found["texts"][:_SHOWN_TEXTS]), style.aside)
        page.text(row, _PROMOTES, "  ".join(found["promotes"][:_SHOWN_TOKENS]), style.aside)
    last = page.row = header + len(features)
    page.sheet.autofilter(header, _NUMBER, last, _PROMOTES)
    chosen = {"type": "formula", "criteria": f"=$A{header + 2}={feature}", "format": style.chosen}
    page.sheet.conditional_format(header + 1, _NUMBER, last, _LABEL, chosen)
    page.row += 1
