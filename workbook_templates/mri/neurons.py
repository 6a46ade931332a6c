"""The tab Neurons: which hidden units of the MLPs raise or lower the answer's logit most, and what each writes."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import labelled_input, labelled_value, table, title, whole_number
from workbook_templates.sheet import Page

TAB = "Neurons"

_SHOWN, _SUMS, _WRITTEN = 20, 3, 3
_LOGIT = 3  # the column of the logit


def write_neurons(book: Book) -> None:
    """Writes the tab."""
    style = book.style
    page = Page(book, TAB, (14, 12, 12, 12, 20, *[18] * _WRITTEN))
    page.furniture(
        TAB,
        (
            "Each MLP has many neurons. A neuron looks for a pattern in the stream and, if it finds it, writes to the "
            "stream.",
            "Here are the neurons that add most to the answer's logit or take most from it: how active each is, at "
            "which token it is most active, and which tokens it makes more likely.",
        ),
    )
    title(page, "You choose")
    target = labelled_input(page, "token", None, "Type the space before it, too. Blank: the model's answer.")
    against = labelled_input(page, "against", None, "A second token, or blank.")
    layer = labelled_input(page, "layer", None, "The MLP of one block. Blank: all MLPs.")
    whole_number(page, layer, 0, book.shape.n_layer - 1)
    used = labelled_value(page, "logit of", f'IF({target}="",next_token,{target})', "", style.result)
    page.row += 1
    title(page, f"The {_SHOWN} strongest neurons, then all of them together")
    header = page.row
    formats = (style.position, style.position, style.number, style.logit, style.token_aside, *[style.token] * _WRITTEN)
    given = f"{book.dialect.typed(layer)},{_SHOWN},{book.dialect.typed(against)}"
    table(page, 0, f"GPT2_NEURONS(prompt_used,{used},{given},model_used)", formats, _SHOWN + _SUMS)
    page.sheet.conditional_format(header + 1, _LOGIT, header + _SHOWN, _LOGIT, look.SIGNED_SCALE)
    page.lines(("The sum of all neurons and biases is what the MLPs add on the tab Attribution.",))
    page.sheet.print_area(0, 0, page.row, 4 + _WRITTEN)
    page.sheet.freeze_panes(1, 0)
