"""The tab SAE feature: adds one feature of a sparse autoencoder to the stream, as in the talk."""

from __future__ import annotations

from udfs.models.demo.facts import facts
from workbook_templates import style as look
from workbook_templates.bands import BandPage
from workbook_templates.book import Book
from workbook_templates.grids import table, unless_message
from workbook_templates.prompt_tab import IS_DEMO
from workbook_templates.surgery.before_after import TOKEN_TABLE
from workbook_templates.surgery.catalogue import CHOSEN, label_of
from workbook_templates.surgery.catalogue import TAB as CATALOGUE
from workbook_templates.surgery.models import by_model
from workbook_templates.surgery.steering import (
    Chosen,
    Steering,
    Vector,
    labels,
    write_coefficient,
    write_derived,
    write_input,
    write_steering,
)

TAB = "SAE feature"
# The feature for Star Wars and its Jedi in an autoencoder for gpt2. The one that comes with demo is in its facts.
GPT2_LAYER, GPT2_FEATURE, GPT2_COEFFICIENT = 2, 7650, 30

_STRONGEST = 3  # features shown for each position
_AFTER, _TOKEN, _LABEL = 11, 4, 5  # the column of the second table, and of tokens and labels within a table


def write_sae_feature(book: Book) -> tuple[Steering, str, tuple[str, str]]:
    """Writes the tab.

    Returns what other tabs need, the cell of the coefficient, and the addresses of the layer and the feature.
    """
    page = BandPage(
        book,
        TAB,
        "A feature of a sparse autoencoder",
        (
            "A sparse autoencoder has learned directions in the stream, its features. Many of them mean one idea.",
            "At first, the direction for Star Wars and its Jedi is added at every token. Coefficient 0 turns it off. "
            f"The tab {CATALOGUE} says what the others mean: choose one there.",
        ),
        labels=labels(book),
    )
    layer, feature, chosen = _write_choices(page)
    argument = write_derived(
        page, "vector", f'"sae("&{layer}&", "&{feature}&")"', "The name of the vector in the model text."
    )
    vector = Vector(
        f"GPT2_SAE_FEATURE({layer},{feature},model_used)",
        1,
        ('"feature"', feature),
        ("", ""),
        "The feature's direction in the stream: its row of the autoencoder's decoder.",
        argument,
    )
    steering = write_steering(page, chosen, vector)
    _features(page, layer, feature, steering)
    page.finish()
    return steering, chosen.coefficient.replace("$", ""), (page.there(layer), page.there(feature))


def _write_choices(page: BandPage) -> tuple[str, str, Chosen]:
    """Returns the cells of the layer and of the feature, and the choices that all steering has."""
    jedi = facts().jedi
    page.heading("choose", "Which feature, how strongly, and where.", ())
    layer = write_input(
        page,
        "layer",
        by_model(str(jedi.layer), str(GPT2_LAYER)),
        "The feature is added before this block. The block must have a sparse autoencoder.",
        default=True,
    )
    feature = write_input(
        page,
        "feature",
        by_model(CHOSEN, str(GPT2_FEATURE)),
        "Its number, from 0: the one chosen on the tab Feature catalogue. The last step shows others.",
        default=True,
    )
    meaning = f'IF({IS_DEMO},{label_of(feature)},"")'
    write_derived(page, "label", meaning, f"From the tab {CATALOGUE}, which has demo's features only.")
    coefficient = write_coefficient(
        page,
        by_model(f"{jedi.coefficient:g}", str(GPT2_COEFFICIENT)),
        "The direction is multiplied by this. 0 does nothing; below 0 subtracts it.",
    )
    positions = write_input(page, "positions", "all", "At which tokens: all, prompt, last, first 3, or 0, 2")
    place = write_derived(
        page, "place", f'"h."&{layer}', "Where the vector is added: the stream that enters this block."
    )
    return layer, feature, Chosen(place, coefficient, positions)


def _features(page: BandPage, layer: str, feature: str, steering: Steering) -> None:
    page.heading(
        "features",
        f"The {_STRONGEST} strongest features that the autoencoder finds at each token, before and after.",
        ("Green: the feature chosen above.",),
    )
    for column, title, band in ((0, "Before", steering.stream), (_AFTER, "After", steering.steered)):
        page.text(page.row, column, title, page.style.bold)
        stream = f"IF(ISTEXT({band.cell}),{band.cell},{band.spill})"
        formula = f"GPT2_SAE_ENCODE({stream},{layer},{_STRONGEST},model_used)"
        page.row += 1
        _feature_table(page, column, formula, feature)
        page.row -= 1
    page.row += _STRONGEST * page.book.shape.tokens + 3


def _feature_table(page: BandPage, column: int, formula: str, feature: str) -> None:
    """A table of position, rank, feature, activation, token and label. The page's row does not move."""
    style, header, rows = page.style, page.row, _STRONGEST * page.book.shape.tokens
    found = table(page, column, formula, (style.position, style.position, style.whole, style.number), rows)
    last, page.row = header + rows, header
    dialect = page.book.dialect
    token = dialect.looked_up(f"{TOKEN_TABLE}#", f"{dialect.part(f'{found}#', 1, 1, above=1)}+2", 2)
    page.text(header, column + _TOKEN, "token", style.header_aside)
    for row in range(header + 1, last + 1):
        page.sheet.write_blank(row, column + _TOKEN, None, style.aside)
    page.formula(header + 1, column + _TOKEN, unless_message(found, token), style.aside, (rows, 1))
    page.text(header, column + _LABEL, "label", style.header_aside)
    for row in range(header + 1, last + 1):
        page.sheet.write_blank(row, column + _LABEL, None, style.aside)
    meanings = f'IF({IS_DEMO},{label_of(dialect.part(f"{found}#", 3, 3, above=1))},"")'
    page.formula(header + 1, column + _LABEL, unless_message(found, meanings), style.aside, (rows, 1))
    shown = f"${page.at(header + 1, column + 2)}"
    green = page.book.workbook.add_format({"bg_color": look.ATTENTION_HALF})
    rule = {"type": "formula", "criteria": f'=AND({shown}<>"",{shown}={feature})', "format": green}
    page.sheet.conditional_format(header + 1, column, last, column + _TOKEN, rule)
