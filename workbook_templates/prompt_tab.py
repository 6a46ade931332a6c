"""The tab Prompt: the reader's inputs, a check that they can be computed, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbook_templates import style as look
from workbook_templates.book import MARK, READY, Book
from workbook_templates.grids import is_message, table, unless_message
from workbook_templates.prompt_list import write_prompt_list
from workbook_templates.sheet import Page

TAB = "Prompt"
CAVEAT = "caveat"  # the name of the cell with what to know before you trust the answer
IS_DEMO = 'LEFT(model&" ",5)="demo "'  # the condition that the model is demo, with or without surgery
BEFORE_PROMPT = "LEFT(text_read,LEN(text_read)-LEN(prompt))"  # <|endoftext|> if the model text asks for it, or nothing

_LABEL, _VALUE, _NOTE = 0, 1, 2
_LONG = (
    "Prompt",
    "Model text",
    "Text the model reads",
    "Check",
    "Continued",
    "Prompt as used",
    "Model as used",
    "Caveat",
)
_FACTS = 13  # rows of GPT2_INFO


@dataclass(frozen=True)
class PromptTab:
    """The parts of the tab that differ between workbooks.

    template: the workbook's name on the command line
    token_table: the cell that the table of tokens spills from
    model_note: explains the model text
    edits: the surgery argument of GPT2_MODEL; empty for none
    guarded: whether the cells `prompt_used` and `model_used` hold the prompt and the model, or a message instead
    any_shape: whether the workbook works for models with any number of blocks and heads
    """

    template: str
    token_table: str
    model_note: str = 'The model that every formula uses. It may hold edits: "demo ; scale h.9.attn.head.1 by 0".'
    edits: str = ""
    guarded: bool = True
    any_shape: bool = False


def write_prompt_tokens(page: Page, column: int) -> None:
    """Writes and names the table of the prompt's tokens. Leave the cells below it free: prompts grow."""
    style, tokens, header = page.style, page.book.shape.tokens, page.row
    table(page, column, "GPT2_TOKENIZE(text_read,model)", (style.position, style.token, style.whole), tokens)
    page.book.name("tokens", page.place(header, column, header + tokens, column + 2))


def tokens_of(text: str) -> str:
    """The formula that counts the tokens of another text, with bos before it if the prompt has that."""
    return f"(ROWS(GPT2_TOKENIZE({BEFORE_PROMPT}&{text},model))-1)"


def write_prompt(book: Book, tab: PromptTab, prompt: str, model: str | None) -> str:
    """Writes the tab, names its cells and returns the address of the prompt cell."""
    book.fold_after(prompt)
    page = Page(book, TAB, (24, 68, 90), kind="input")
    page.furniture(
        "Prompt",
        ("Type a text. The model reads it and predicts which token is most likely to come next.",),
    )
    prompt_cell = _write_inputs(page, prompt, model)
    facts = _write_what_the_model_gets(page, tab)
    _write_answer(page)
    _write_facts(page, facts)
    page.mark_errors(0, _LABEL, page.row, _VALUE)
    page.row = facts + _FACTS + 1
    write_prompt_list(page, prompt_cell)
    page.sheet.print_area(0, 0, page.row - 1, _NOTE)
    page.sheet.fit_to_pages(1, 1)
    page.sheet.freeze_panes(1, 0)
    return prompt_cell


def _write_inputs(page: Page, prompt: str, model: str | None) -> str:
    page.section("You type")
    prompt_cell = page.at(page.row, _VALUE)
    _input(page, "prompt", "Prompt", prompt, "The text that the model continues.")
    _input(
        page,
        "model_name",
        "Model",
        model,
        'A name such as demo or gpt2, or blank for the default. "demo ; bos" puts <|endoftext|> before the prompt.',
    )
    page.row += 1
    return prompt_cell


def _write_what_the_model_gets(page: Page, tab: PromptTab) -> int:
    """Returns the row in which the facts about the model must begin, because the check reads them."""
    book = page.book
    page.section("What the model gets")
    edits = f",{book.dialect.typed(tab.edits)}" if tab.edits else ""
    _value(page, "model", "Model text", f'GPT2_MODEL(model_name&""{edits})', tab.model_note)
    _value(
        page,
        "text_read",
        "Text the model reads",
        'IF(ISNUMBER(SEARCH(" ; bos",model)),"<|endoftext|>","")&prompt',
        "The prompt. With bos, <|endoftext|> comes first: the token that separates documents.",
    )
    _value(
        page,
        "token_count",
        "Number of tokens",
        # Not the rows of the table: where spills have a fixed size, it has no more rows than are reserved.
        f"IF(ISTEXT({tab.token_table}),ROWS(GPT2_TOKENIZE(text_read,model))-1,0)",
        "How many pieces the text is cut into.",
    )
    _value(page, "room", "Room in this workbook", str(book.shape.tokens), "The most tokens that each tab has rows for.")
    facts = page.row + 9 + (2 if tab.guarded else 0)
    of_model = _checks_of_model(book, tab, f"$A${facts + 1}:$B${facts + _FACTS}")
    check = _first_wrong([*of_model, *_checks_of_prompt(book, tab)], f'"{READY}"')
    _value(page, "status", "Check", check, '"ready", or what is wrong.')
    if tab.guarded:
        _used(page, of_model)
    page.row += 1
    return facts


def _write_answer(page: Page) -> None:
    page.section("Answer")
    _result(
        page,
        "Next token",
        "next_token",
        "The most likely token. A space at its beginning is part of it.",
    )
    _result(
        page,
        "Continued",
        unless_message("next_token", "prompt&next_token", "next_token"),
        "The prompt followed by this token.",
    )
    _value(
        page,
        CAVEAT,
        "Caveat",
        f'IF(status="{READY}",GPT2_CAVEAT(prompt&"",model),"")',
        "What to know before you trust this answer, such as words that demo never learned. Often blank.",
    )
    page.row += 1


def _write_facts(page: Page, row: int) -> None:
    page.section("The model")
    assert page.row + 1 == row
    page.formula(page.row, _LABEL, "GPT2_INFO(model)", page.style.bold, (_FACTS, 2))
    for fact in range(page.row, page.row + _FACTS):
        page.sheet.write_blank(fact, _VALUE, None, page.style.value)


def _used(page: Page, of_model: Sequence[tuple[str, str]]) -> None:
    note = "or the message of the check, which every formula then shows."
    _value(page, "model_used", "Model as used", _first_wrong(of_model, "model"), f"The model text, {note}")
    # Always text, so that no function takes a typed number for a token id.
    _value(page, "prompt_used", "Prompt as used", f'IF(status="{READY}",prompt&"",status)', f"The prompt, {note}")


def _input(page: Page, name: str, label: str, value: str | None, note: str) -> None:
    page.input(page.row, _VALUE, value)
    write_label(page, name, label, note)


def _value(page: Page, name: str, label: str, formula: str, note: str) -> None:
    page.formula(page.row, _VALUE, formula, page.style.value)
    write_label(page, name, label, note)


def _result(page: Page, label: str, formula: str, note: str) -> None:
    page.formula(page.row, _VALUE, formula, page.style.result)
    write_label(page, None, label, note)


def write_label(page: Page, name: str | None, label: str, note: str) -> None:
    """The label and the note of the page's row, which is then finished; names its value, if there is a name."""
    if label in _LONG:
        page.sheet.set_row(page.row, look.TEXT_HEIGHT)
    page.text(page.row, _LABEL, label, page.style.bold)
    page.text(page.row, _NOTE, note, page.style.aside)
    if name:
        page.book.name(name, page.place(page.row, _VALUE))
    page.row += 1


def _checks_of_model(book: Book, tab: PromptTab, facts: str) -> list[tuple[str, str]]:
    """The checks of the model in order of priority: each is a condition and the message to show if it holds."""
    shape = book.shape
    layers, heads, width = (
        book.dialect.found(f'"{fact}"', facts, 2) for fact in ("layers (n_layer)", "heads (n_head)", "width (n_embd)")
    )
    differs, channels, its_channels = f"{layers}<>{shape.n_layer},{heads}<>{shape.n_head}", "", ""
    if shape.exact:
        differs += f",{width}<>{shape.channels}"
        channels, its_channels = f" and {shape.channels} channels", f'&" and "&{width}'
    other_shape = (
        f"OR({differs})",
        f'"{MARK} this workbook has {shape.n_layer} blocks of {shape.n_head} heads{channels}, the model has "'
        f'&{layers}&" of "&{heads}{its_channels}&": {book.command(tab.template)} --model NAME"',
    )
    return [(is_message("model"), "model"), *([] if tab.any_shape else [other_shape])]


def _checks_of_prompt(book: Book, tab: PromptTab) -> list[tuple[str, str]]:
    """The checks of the prompt, in the same form."""
    # The anatomy workbook needs at least one token, and bos counts as one. Functions need a text.
    empty = 'prompt=""' if tab.guarded else "token_count=0"
    return [
        (is_message(tab.token_table), tab.token_table),
        (empty, f'"{MARK} the prompt is empty: type a text on the tab Prompt"'),
        (
            "token_count>room",
            f'"{MARK} this workbook has room for "&room&" tokens, the prompt has "&token_count'
            f'&": {book.command(tab.template)} --tokens "&token_count',
        ),
    ]


def _first_wrong(checks: Sequence[tuple[str, str]], otherwise: str) -> str:
    formula = otherwise
    for wrong, message in reversed(checks):
        formula = f"IF({wrong},{message},{formula})"
    return formula
