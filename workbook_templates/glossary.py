"""The words of the field in plain English: the tab Glossary, and a comment where a word first appears."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from workbook_templates.book import Book
from workbook_templates.sheet import Page
from workbook_templates.stops import COMMON, GLOSSARY, START

_WITHOUT_COMMENTS = frozenset((START, *(stop.tab for stop in COMMON)))
_AUTHOR = "GPT-2 in Excel"
_WIDTHS = (20, 110, 24)
_A_LINE = 44  # characters in a line of a comment
_LINE_HEIGHT = 17  # pixels


class Term(NamedTuple):
    """A word and what it means. `forms` are its other spellings, such as the plural."""

    word: str
    meaning: str
    forms: tuple[str, ...] = ()

    def may_be_in(self, lower: str) -> bool:
        """Whether a text in small letters has the letters of the word. A pattern takes twenty times as long to see."""
        return any(form.lower() in lower for form in (self.word, *self.forms))


TERMS: Final = (
    Term("token", "A piece of text that the model reads as one unit: a word, or a part of one.", ("tokens",)),
    Term("id", "The number of a token in the vocabulary. The model reads ids, not letters.", ("ids",)),
    Term("vocabulary", "All tokens that a model knows. GPT-2 has 50,257."),
    Term("merge", "Joining two neighbouring pieces of a word into one, as byte-pair encoding does.", ("merges",)),
    Term("position", "The place of a token in the prompt, counted from 0.", ("positions",)),
    Term(
        "embedding",
        "The row of numbers that a token, or a position, becomes. It is learned in training.",
        ("embeddings",),
    ),
    Term("channel", "One column of the stream: one of the numbers that make up a row.", ("channels",)),
    Term(
        "residual stream",
        "The rows of numbers, one for each token, that run through the whole model. Each block adds to them.",
        ("stream",),
    ),
    Term("block", "One of the model's equal stages. It has two parts: attention, then an MLP.", ("blocks",)),
    Term("layer", "Another word for block. Layer 3 is the fourth block.", ("layers",)),
    Term(
        "LayerNorm",
        "Brings each row to mean 0 and spread 1, then scales and shifts each channel. It keeps numbers in range.",
    ),
    Term("attention", "The part of a block that moves information from earlier tokens to later ones."),
    Term("head", "One of several units of attention. Each looks at other tokens in its own way.", ("heads",)),
    Term("query", "What a token looks for. A head compares it with the keys of the tokens up to it.", ("queries",)),
    Term("key", "What a token offers to be found by. A head compares it with queries.", ("keys",)),
    Term("score", "How well a query matches a key: the sum of their products, scaled.", ("scores",)),
    Term("causal mask", "Hides later tokens, so that a token can only look at itself and at earlier ones."),
    Term(
        "pattern",
        "The shares of its attention that a token gives to the tokens up to it. They sum to 1.",
        ("patterns", "attention pattern"),
    ),
    Term(
        "softmax",
        "Turns any numbers into shares that sum to 1: e to the power of each, divided by the sum of all these powers.",
    ),
    Term(
        "MLP",
        "The part of a block that works on each token by itself: it widens the row, applies GELU, and narrows it "
        "again.",
        ("MLPs",),
    ),
    Term("neuron", "One channel in the wide middle of an MLP. It fires for a certain pattern.", ("neurons",)),
    Term("GELU", "A smooth switch: large numbers pass, numbers below zero become almost 0."),
    Term("weight", "A number that the model learned in training. It is the same for every prompt.", ("weights",)),
    Term("bias", "A learned number that is added, whatever the input.", ("biases",)),
    Term("tensor", "A table of weights with a name, such as h.0.mlp.c_fc.weight.", ("tensors",)),
    Term("logit", "A token's score for coming next, before softmax. It can be any number.", ("logits",)),
    Term("probability", "A share between 0 and 1. Those of all tokens sum to 1.", ("probabilities",)),
    Term("temperature", "Divides the logits before softmax. Low makes the model surer, high makes it more daring."),
    Term("greedy", "Always takes the most likely token."),
    Term("sampling", "Draws the next token at random, in proportion to its probability."),
    Term("seed", "The number that fixes a sequence of random numbers. The same seed draws the same text."),
    Term("top_k", "Keeps only the k most likely tokens before one is drawn."),
    Term("top_p", "Keeps the most likely tokens that together reach this share, before one is drawn."),
    Term("beam search", "Follows several texts at once and keeps those that are most likely as a whole."),
    Term("log-probability", "The logarithm of a probability: 0 for a certain token, further below 0 the less likely."),
    Term("surprise", "How unexpected a token was, in bits: -log2 of its probability."),
    Term("entropy", "How unsure the model is before a token, in bits: the surprise that it expects on average."),
    Term("perplexity", "Among how many equally likely tokens the model seemed to choose, on average."),
    Term(
        "KL",
        "Kullback-Leibler divergence: how far one set of probabilities is from another. 0 means that they are equal.",
        ("KL divergence",),
    ),
    Term(
        "draft model", "A small, fast model that proposes tokens. The large model accepts or rejects them.", ("draft",)
    ),
    Term("logit lens", "Reads the stream after each layer as if the model ended there."),
    Term("attribution", "Splits an answer's logit into what each part of the model adds to it."),
    Term("saliency", "How much an answer depends on each token of the prompt."),
    Term("gradient", "How much the answer changes when a number changes a little."),
    Term(
        "induction", "Continuing a phrase as it went on the last time: a head looks at what followed the earlier copy."
    ),
    Term("circuit", "A few heads and MLPs that are enough for one task.", ("circuits",)),
    Term("patching", "Putting a value from one run into another, to see what it carries.", ("patch",)),
    Term("ablation", "Taking a part out of the model, to see what it is needed for."),
    Term("steering", "Adding a vector to the stream, to push the model towards an idea.", ("steer",)),
    Term("vector", "A row of numbers; as a direction in the stream, it can stand for an idea.", ("vectors",)),
    Term("coefficient", "The number that a vector is multiplied by: how strongly to steer."),
    Term(
        "sparse autoencoder",
        "A small network trained to describe the stream with a few features that are active at a time.",
    ),
    Term("feature", "A direction in the stream that a sparse autoencoder found. Many mean one idea.", ("features",)),
    Term("principal component", "The direction in which a set of rows differs most.", ("PCA",)),
    Term("float32", "Numbers with 7 digits, in which the functions compute. Cells compute with 15."),
)


def write_glossary(book: Book) -> None:
    """Adds comments to the other tabs, and writes the tab with the words that they use."""
    found = dict(_first_cells(book))
    page = Page(book, GLOSSARY, _WIDTHS)
    page.furniture(GLOSSARY, ("What the words mean, in the order in which a prompt meets them.",))
    for column, title in enumerate(("word", "meaning", "first used on")):
        page.text(page.row, column, title, page.style.header)
    page.row += 1
    page.sheet.freeze_panes(page.row, 1)
    for term in TERMS:
        if term not in found:
            continue
        tab, (row, column) = found[term]
        page.text(page.row, 0, term.word, page.style.token)
        page.text(page.row, 1, term.meaning, page.style.text)
        page.link(page.row, 2, tab.name, tab.at(row, column), tab.name)
        page.row += 1
    page.sheet.print_area(0, 0, page.row - 1, len(_WIDTHS) - 1)
    page.sheet.fit_to_pages(1, 1)


def _first_cells(book: Book) -> Iterator[tuple[Term, tuple[Page, tuple[int, int]]]]:
    """The cell in which each term first appears, which gets a comment."""
    waiting = {term: _pattern(term) for term in TERMS}
    searched: set[str] = set()  # most texts are on the tab of each block
    for page in book.pages:
        if page.name in _WITHOUT_COMMENTS:
            continue
        for cell, text in sorted(page.explained.items()):
            if text in searched:
                continue
            searched.add(text)
            lower = text.lower()
            terms = [term for term, pattern in waiting.items() if term.may_be_in(lower) and pattern.search(text)]
            if terms:
                _comment(page, cell, terms)
            for term in terms:
                del waiting[term]
                yield term, (page, cell)


def _pattern(term: Term) -> re.Pattern[str]:
    """Finds the term as a whole word."""
    forms = "|".join(re.escape(form) for form in (term.word, *term.forms))
    return re.compile(rf"(?<![\w.])(?:{forms})(?![\w.]*\w)", re.IGNORECASE if term.word.islower() else 0)


def _comment(page: Page, cell: tuple[int, int], terms: Sequence[Term]) -> None:
    text = "\n".join(f"{term.word}: {term.meaning}" for term in terms)
    lines = sum(-(-len(line) // _A_LINE) for line in text.split("\n"))
    size = {"width": 300, "height": _LINE_HEIGHT * lines + 10}
    page.sheet.write_comment(*cell, text, {"author": _AUTHOR, "font_size": 9, **size})
