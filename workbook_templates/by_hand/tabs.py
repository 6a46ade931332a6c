"""The four tabs of exercises, in the order in which a sentence passes through the model."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates.book import Book
from workbook_templates.by_hand import toy
from workbook_templates.by_hand.exercise import ExerciseTab, Grid, cell, dot
from workbook_templates.native import gelu, spread
from workbook_templates.range import Range

EMBEDDINGS, ATTENTION, MLP, NEXT_WORD = TABS = ("Embeddings", "Attention", "MLP", "Next word")
NEXT = "next_token"  # names the cell with the most likely next word

_POSITIONS = range(len(toy.PROMPT))
_LAST = _POSITIONS[-1]
_EXAMPLE = 1  # the first row of a step with a row for each word is filled in
_E_TABLE = "For paper:  e^-4 = 0.02   e^-3 = 0.05   e^-2 = 0.14   e^-1 = 0.37   e^0 = 1   e^1 = 2.72   e^2 = 7.39"


def word(position: int) -> str:
    """The name of the cell with a word of the sentence."""
    return f"word_{position}"


@dataclass(frozen=True)
class Stream:
    """The residual stream: a row for each word, or the last word's row alone, and the word embeddings that began it."""

    rows: Range
    embeddings: Range

    @property
    def last(self) -> Range:
        return self.rows.rows(self.rows.height - 1, 1)


def embeddings(book: Book) -> tuple[ExerciseTab, Stream]:
    """From words to numbers."""
    tab = ExerciseTab(
        book,
        EMBEDDINGS,
        (
            "A model computes with numbers. Each word has a row of numbers, learned in training: its embedding.",
            "Each position has a row, too, because the order of the words matters. The sum of both rows enters the "
            "block.",
        ),
    )
    wte = tab.weights("wte", "a row for each word of the vocabulary", toy.WORDS, toy.CHANNELS, toy.WTE)
    positions = [f"position {n}" for n in _POSITIONS]
    wpe = tab.weights("wpe", "a row for each position", positions, toy.CHANNELS, toy.WPE)
    names = Range(tab.name, wte.row, 1, wte.last_row, 1)

    def sum_of_rows(position: int, channel: int) -> str:
        column = wte.columns(channel, 1).here
        return f"INDEX({column},MATCH({word(position)},{names.here},0))+{cell(wpe, position, channel, tab.name)}"

    answers = [[sum_of_rows(n, channel) for channel in range(len(toy.CHANNELS))] for n in _POSITIONS]
    lines = ("Add the word's row of wte and the position's row of wpe, channel by channel.",)
    rows = tab.step("x = wte + wpe", lines, toy.CHANNELS, [word(n) for n in _POSITIONS], answers, _EXAMPLE)
    return tab, Stream(rows, wte)


def attention(book: Book, stream: Stream) -> tuple[ExerciseTab, Stream]:
    """Attention lets a word gather what it needs from the words before it."""
    tab = ExerciseTab(
        book,
        ATTENTION,
        (
            "Attention moves information between words. Each has a question (query), a label (key), a message (value).",
            "The better a query matches a key, the more of that word's message arrives. No word sees the words after "
            "it.",
        ),
    )
    words = [word(n) for n in _POSITIONS]
    normal = layer_norm(tab, "1", stream.rows, words)
    w_q = tab.weights("W_Q", "what each channel asks", toy.CHANNELS, toy.ASKED, toy.W_Q)
    query = _product(tab, "2   query = LayerNorm(x) · W_Q", normal, w_q, toy.ASKED, words)
    w_k = tab.weights("W_K", "what each channel answers to", toy.CHANNELS, toy.ASKED, toy.W_K)
    key = _product(tab, "3   key = LayerNorm(x) · W_K", normal, w_k, toy.ASKED, words)
    w_v = tab.weights("W_V", "what each channel passes on", toy.CHANNELS, toy.COPIED, toy.W_V)
    value = _product(tab, "4   value = LayerNorm(x) · W_V", normal, w_v, toy.COPIED, words)
    pattern = _pattern(tab, query, key, words)
    last = [word(_LAST)]
    mix = [[dot(pattern, _LAST, value, column, tab.name) for column in range(len(toy.COPIED))]]
    lines = (
        "From here on, only the last word's row counts: it predicts the next word. The mix is the sum of share times "
        "value.",
    )
    gathered = tab.step("8   mix = share · value", lines, toy.COPIED, last, mix)
    out = tab.weights("c_proj", "from the mix back to the channels", toy.COPIED, toy.CHANNELS, toy.ATTN_C_PROJ)
    added = _product(tab, "9   attention's output = mix · c_proj", gathered, out, toy.CHANNELS, last, given=0)
    return tab, Stream(_sum(tab, "10   x = x + attention's output", stream.last, added), stream.embeddings)


def mlp(book: Book, stream: Stream) -> tuple[ExerciseTab, Stream, str]:
    """The MLP works on each word by itself. Also returns the cell with the weight that takes the verb out."""
    tab = ExerciseTab(
        book,
        MLP,
        (
            "The MLP works on one word at a time. A neuron that finds its pattern in the row adds another row to it.",
            "Neuron 0 finds verbs and takes the verb out of the row, so that something else comes next.",
        ),
    )
    last = [word(_LAST)]
    normal = layer_norm(tab, "11", stream.rows, last)
    c_fc = tab.weights("c_fc", "what each neuron looks for", toy.CHANNELS, toy.NEURONS, toy.C_FC)
    found = _product(tab, "12   found = LayerNorm(x) · c_fc", normal, c_fc, toy.NEURONS, last, given=0)
    lines = (
        "GELU lets positive numbers pass and stops negative ones:  x / 2 · (1 + tanh(0.798 · (x + 0.0447 · x³))).",
        "For paper:  GELU(-3) = 0   (-2) = -0.05   (-1) = -0.16   (0) = 0   (1) = 0.84   (2) = 1.95   (3) = 3",
    )
    answers = [[gelu(cell(found, 0, neuron, tab.name)) for neuron in range(len(toy.NEURONS))]]
    active = tab.step("13   active = GELU(found)", lines, toy.NEURONS, last, answers)
    out = tab.weights("c_proj", "what each neuron adds", toy.NEURONS, toy.CHANNELS, toy.MLP_C_PROJ)
    added = _product(tab, "14   the MLP's output = active · c_proj", active, out, toy.CHANNELS, last, given=0)
    total = _sum(tab, "15   x = x + the MLP's output", stream.rows, added)
    return tab, Stream(total, stream.embeddings), cell(out, 0, toy.CHANNELS.index("verb"), tab.name)


def next_word(book: Book, stream: Stream) -> ExerciseTab:
    """From the last row to a probability for each word."""
    tab = ExerciseTab(
        book,
        NEXT_WORD,
        (
            "The last row is compared with every word's embedding: the better the match, the higher the word's logit.",
            "Softmax turns the logits into probabilities: numbers from 0 to 1 that sum to 1.",
        ),
    )
    last, words = [word(_LAST)], toy.WORDS
    final = layer_norm(tab, "16", stream.rows, last)
    table, channels = stream.embeddings, range(len(toy.CHANNELS))

    def logit(token: int) -> str:
        return "+".join(f"{cell(final, 0, k, tab.name)}*{cell(table, token, k, tab.name)}" for k in channels)

    explained = f"For each word, LayerNorm(x) times its row of wte on the tab {EMBEDDINGS}: a sum of four products."
    logits = tab.step("17   logits", (explained,), words, last, [[logit(n) for n in range(len(words))]])
    powers = [[f"EXP({cell(logits, 0, n, tab.name)}-MAX({logits.here}))" for n in range(len(words))]]
    largest = "The largest logit becomes e^0 = 1; all others become less."
    power = tab.step("18   e^(logit - largest logit)", (largest, _E_TABLE), words, last, powers)
    total = tab.step("19   their sum", (), ("sum",), last, [[f"SUM({power.here})"]])
    shares = [[f"{cell(power, 0, n, tab.name)}/{total.first}" for n in range(len(words))]]
    share = tab.step("20   probability = e^(logit - largest logit) / sum", (), words, last, shares)
    names = Range(tab.name, share.row - 1, share.column, share.row - 1, share.last_column)
    answer = f"INDEX({names.here},MATCH(MAX({share.here}),{share.here},0))"
    cells = tab.step("21   The next word", ("Type the most likely word.",), ("word",), last, [[answer]])
    book.name(NEXT, cells.there)
    return tab


def layer_norm(tab: ExerciseTab, number: str, rows: Range, words: list[str]) -> Range:
    """Two steps: mean and spread of each row, and the row brought to mean 0 and spread 1."""
    given, channels = _EXAMPLE if rows.height > 1 else 0, range(rows.width)
    whole = [rows.rows(n, 1).there for n in range(rows.height)]
    statistics = tab.step(
        f"{number}a   mean and spread",
        ("The spread is the square root of the mean of (number - mean)².",),
        ("mean", "spread"),
        words,
        [[f"AVERAGE({row})", spread(row)] for row in whole],
        given,
    )

    def normal(row: int, channel: int) -> str:
        mean, spread = (cell(statistics, row, n, tab.name) for n in range(2))
        return f"({cell(rows, row, channel, tab.name)}-{mean})/{spread}"

    answers = [[normal(row, channel) for channel in channels] for row in range(rows.height)]
    lines = (f"x is the last step of the tab {rows.sheet}.",) if rows.sheet != tab.name else ()
    title = f"{number}b   LayerNorm(x) = (x - mean) / spread"
    return tab.step(title, lines, toy.CHANNELS, words, answers, given)


def _pattern(tab: ExerciseTab, query: Range, key: Range, words: list[str]) -> Range:
    """Scores and softmax: how much each word looks at each word up to itself."""
    seen = [[n <= row for n in _POSITIONS] for row in _POSITIONS]
    titles = [f"at {n}" for n in _POSITIONS]

    def masked(formula: str, row: int, column: int) -> str:
        return formula if seen[row][column] else ""

    def score(row: int, column: int) -> str:
        products = (f"{cell(query, row, k, tab.name)}*{cell(key, column, k, tab.name)}" for k in range(query.width))
        return f"({'+'.join(products)})/SQRT({query.width})"

    def grid(formula: str, cells: Range) -> Grid:
        return [[masked(formula.format(cell(cells, r, c, tab.name)), r, c) for c in _POSITIONS] for r in _POSITIONS]

    lines = (
        "Row: the word that looks. Column: the position that it looks at. A score is the product of a query and a "
        "key, divided by √2.",
    )
    answers = [[masked(score(row, column), row, column) for column in _POSITIONS] for row in _POSITIONS]
    scores = tab.step("5   score = query · key / √2", lines, titles, words, answers, _EXAMPLE)
    powers = tab.step("6   e^score", (_E_TABLE,), titles, words, grid("EXP({})", scores), _EXAMPLE)
    sums = [[f"SUM({powers.rows(row, 1).here})"] for row in _POSITIONS]
    total = tab.step("7a   their sum, row by row", (), ("sum",), words, sums, _EXAMPLE)
    shares = [
        [masked(f"{cell(powers, r, c, tab.name)}/{cell(total, r, 0, tab.name)}", r, c) for c in _POSITIONS]
        for r in _POSITIONS
    ]
    lines = ("The shares of a row sum to 1. This is the attention pattern.",)
    return tab.step("7b   share = e^score / sum", lines, titles, words, shares, _EXAMPLE)


def _product(
    tab: ExerciseTab,
    title: str,
    left: Range,
    right: Range,
    columns: tuple[str, ...],
    words: list[str],
    given: int = _EXAMPLE,
) -> Range:
    answers = [[dot(left, row, right, n, tab.name) for n in range(right.width)] for row in range(left.height)]
    lines = ("Each number is a row times a column: a sum of products.",)
    return tab.step(title, lines, columns, words, answers, given)


def _sum(tab: ExerciseTab, title: str, stream: Range, added: Range) -> Range:
    """The stream's last row plus what is added to it."""
    channels = range(added.width)
    answers = [[f"{cell(stream, 0, n, tab.name)}+{cell(added, 0, n, tab.name)}" for n in channels]]
    return tab.step(
        title, ("The block adds to the stream. Nothing is overwritten.",), toy.CHANNELS, [word(_LAST)], answers
    )
