"""The tab Prompt: what the reader types, whether it can be computed, and the answer."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.anatomy.places import MARK, READY, TOKEN_TABLE
from workbook_templates.book import Book
from workbook_templates.sheet import Page

_LABEL, _VALUE, _NOTE = 0, 1, 2
_LONG = ("Prompt", "Model text", "Text that is read", "Check", "Continued")
_FACTS = 13  # rows of GPT2_INFO


def write_prompt(book: Book, prompt: str, model: str | None) -> str:
    """Writes the tab and names its cells; gives the cell of the prompt."""
    page = Page(book, "Prompt", (24, 68, 90), kind="input")
    page.furniture(
        "Prompt",
        (
            "Type a text. The model reads it and says which token is most likely to come next.",
            "Everything here follows from the two yellow cells below and from your edits on the other tabs.",
        ),
    )
    page.section("You type")
    prompt_cell = page.at(page.row, _VALUE)
    _input(page, "prompt", "Prompt", prompt, "The text that the model continues.")
    _input(
        page,
        "model_name",
        "Model",
        model,
        'A name such as demo or gpt2; blank for the default. "demo ; bos" puts <|endoftext|> before the prompt.',
    )
    page.row += 1
    page.section("What the model gets")
    _value(
        page,
        "model",
        "Model text",
        f'GPT2_MODEL(model_name&"",{book.dialect.typed("weight_edits")})',
        "Names the model and carries your edits from the tab Weights to every formula.",
    )
    _value(
        page,
        "text_read",
        "Text that is read",
        'IF(ISNUMBER(SEARCH(" ; bos",model)),"<|endoftext|>","")&prompt',
        "The prompt; with bos after <|endoftext|>, the mark that begins a document.",
    )
    _value(
        page,
        "token_count",
        "Tokens in it",
        f"IF(ISTEXT({TOKEN_TABLE}),ROWS({TOKEN_TABLE}#)-1,0)",
        "Pieces that the text is cut into: see the tab Tokens.",
    )
    _value(page, "room", "Room in this workbook", str(book.shape.tokens), "Rows reserved for tokens on every tab.")
    # VLOOKUP reads the facts below, which stand in a fixed range.
    facts = f"$A${page.row + 9}:$B${page.row + 8 + _FACTS}"
    _value(page, "status", "Check", _status(book, facts), 'Says "ready", or what is in the way.')
    page.row += 1
    page.section("Answer")
    _result(
        page, "Next token", "next_token", "The most likely one. A token often begins with a space: it is part of it."
    )
    _result(
        page, "Continued", "IF(LEFT(next_token,6)=" + f'"{MARK}",next_token,prompt&next_token)', "The prompt with it."
    )
    page.row += 1
    page.section("The model")
    page.formula(page.row, _LABEL, "GPT2_INFO(model)", page.style.bold)
    for row in range(page.row, page.row + _FACTS):
        page.sheet.write_blank(row, _VALUE, None, page.style.value)
    page.mark_errors(0, _LABEL, page.row, _VALUE)
    page.sheet.print_area(0, 0, page.row + _FACTS, _NOTE)
    page.sheet.freeze_panes(1, 0)
    return prompt_cell


def _input(page: Page, name: str, label: str, value: str | None, note: str) -> None:
    page.input(page.row, _VALUE, value)
    _label(page, name, label, note)


def _value(page: Page, name: str, label: str, formula: str, note: str) -> None:
    page.formula(page.row, _VALUE, formula, page.style.value)
    _label(page, name, label, note)


def _result(page: Page, label: str, formula: str, note: str) -> None:
    page.formula(page.row, _VALUE, formula, page.style.result)
    _label(page, None, label, note)


def _label(page: Page, name: str | None, label: str, note: str) -> None:
    if label in _LONG:
        page.sheet.set_row(page.row, look.TEXT_HEIGHT)
    page.text(page.row, _LABEL, label, page.style.bold)
    page.text(page.row, _NOTE, note, page.style.aside)
    if name:
        page.book.name(name, page.place(page.row, _VALUE))
    page.row += 1


def _status(book: Book, facts: str) -> str:
    """READY, or the first thing that is wrong, as a message that travels through every function."""
    shape = book.shape
    layers, heads = (f'VLOOKUP("{fact}",{facts},2,FALSE)' for fact in ("layers (n_layer)", "heads (n_head)"))
    checks = (
        (f'LEFT(model,6)="{MARK}"', "model"),
        (f'LEFT({TOKEN_TABLE},6)="{MARK}"', TOKEN_TABLE),
        (
            f"OR({layers}<>{shape.n_layer},{heads}<>{shape.n_head})",
            f'"{MARK} this workbook has {shape.n_layer} blocks of {shape.n_head} heads, the model has "&{layers}&" of "'
            f'&{heads}&": gpt2-excel new anatomy --model NAME"',
        ),
        ("token_count=0", f'"{MARK} the prompt is empty: type a text on the tab Prompt"'),
        (
            "token_count>room",
            f'"{MARK} this workbook has room for "&room&" tokens, the prompt has "&token_count'
            '&": gpt2-excel new anatomy --tokens "&token_count',
        ),
    )
    formula = f'"{READY}"'
    for wrong, message in reversed(checks):
        formula = f"IF({wrong},{message},{formula})"
    return formula
