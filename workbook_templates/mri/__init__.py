"""`2_mri.xlsx`: looks inside the model while it answers, without changing it."""

from __future__ import annotations

from collections.abc import Sequence

from udfs.backend import catalogue, model_text
from udfs.backend.gpt2 import tokenizer
from udfs.models.demo.facts import Facts, facts
from udfs.models.demo.prompts import ADVERB, REPEATED, TUESDAY
from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.model_map import Box, Lane, answer_box, text_box, tokens_box, write_model_map
from workbook_templates.mri.attention import write_attention, write_heads, write_scores
from workbook_templates.mri.attribution import write_attribution
from workbook_templates.mri.circuit import Ticks, write_circuit
from workbook_templates.mri.lens import write_lens, write_track
from workbook_templates.mri.neurons import write_neurons
from workbook_templates.mri.patching import write_patching
from workbook_templates.mri.paths import write_paths
from workbook_templates.mri.saliency import write_saliency
from workbook_templates.mri.weighted_average import write_weighted_average
from workbook_templates.next_tokens import TOKEN_TABLE, write_tokens
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.range import Range
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Change, Try
from workbook_templates.stops import Stop

PROMPT = TUESDAY

_TAB = PromptTab(
    template="mri",
    token_table=TOKEN_TABLE,
)

_ALL_TICKED = Ticks(None, "Everything is ticked. Remove the parts that the answers do not need.")
_GPT2_TICKS = Ticks(
    ("h.0.mlp", "h.9.mlp", *(f"h.{layer}.attn.head.{head}" for layer in (9, 10) for head in range(12))),
    "These parts of GPT-2 are a guess, not the result of a search. Which ticks can you remove?",
)
_SILENT_HEAD = "h.0.attn.head.0"
_GPT2_HEAD = 4, 11  # looks one token back
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
STOPS = (
    Stop(
        "Prompt",
        "Type the text and choose the model.",
        "The tabs after Tokens show how the model arrives at the answer below.",
    ),
    Stop(
        "Tokens",
        "The pieces of the text, and the ten most likely next tokens.",
        "How sure is the model, and what comes second? The other tabs ask where in the model this comes from.",
    ),
    Stop(
        "Logit lens",
        "What the model would predict after each layer: how the answer forms.",
        "Read the last column downwards: in which row does the answer appear, and what was the guess before?",
    ),
    Stop(
        "Track a token",
        "One token's probability and rank through the layers, as charts.",
        "Where the two lines cross, the answer overtakes its rival. Until then the model would have said the other.",
    ),
    Stop(
        "Attention",
        "Where one head looks, why, and what it writes.",
        "In the last row, the greenest cell is what this head reads just before the model answers.",
    ),
    Stop(
        "Weighted average",
        "What a head writes is an average of values: one row of it, number by number.",
        "One share is often near 1: then the average is that token's value, and the head has copied it.",
    ),
    Stop(
        "All heads",
        "Where all heads look, as thumbnails.",
        "Many squares have a green first column: a head with nothing to do looks at the first token.",
    ),
    Stop(
        "Head scores",
        "Which heads look one token back, at copies of a token, or at what followed a copy.",
        "Most heads do none of these jobs. Look for the few dark cells: these heads are specialists.",
    ),
    Stop(
        "Saliency",
        "Which words of the prompt the answer depends on.",
        "Choose another method: where all three agree, you can trust the colour.",
    ),
    Stop(
        "Attribution",
        "What each part of the model adds to the answer's logit.",
        "A few parts add most of it, and some work against the answer. All of them sum to the logit.",
    ),
    Stop(
        "Neurons",
        "The neurons that favour the answer or work against it, and the tokens that each makes more likely.",
        "The tokens that a neuron makes more likely often belong together: that is its subject.",
    ),
    Stop(
        "Circuit",
        "Which parts are enough to name the next day: tick them.",
        "Most parts can go, and the answers stay right. Remove one more, and some day comes out wrong.",
    ),
    Stop(
        "Patching",
        "Which values of one run restore its answer in another run.",
        "Follow the dark cells down: the answer starts at the word that differs and ends at the last token.",
    ),
    Stop(
        "Paths",
        "Which later heads one head passes its information to, and how much goes straight to the answer.",
        "Compare the direct path with the share of the whole head: what is missing goes through other heads.",
    ),
)
_LEGEND = {
    **{name: look.LEGEND[name] for name in ("input", "value", "result")},
    "attention": ("0.50", "A share or a probability: the greener, the larger."),
    "positive": ("1.23", "Above zero: it favours the answer, or restores it."),
    "negative": ("-1.23", "Below zero: it works against the answer."),
    "wrong": look.LEGEND["wrong"],
}


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab."""
    name = model_text.parse(model or "").name or catalogue.default_name()
    start = start_tab.start_page(book)
    text = PROMPT if prompt is None else prompt
    prompt_cell = write_prompt(book, _TAB, text, model)
    write_tokens(book)
    lens, guess = write_lens(book)
    found = facts()
    followed, rank, guesses = write_track(book, found.lens.rival)
    head = write_attention(book, *_head(name, found))
    averaged = write_weighted_average(book, head)
    write_heads(book, len(tokenizer.encode(text)) + 1)
    repeated, strongest = write_scores(book)
    method, saliency = write_saliency(book)
    added = write_attribution(book)
    write_neurons(book)
    crucial = write_circuit(book, _ticks(name, found))
    paths = write_paths(book, write_patching(book))
    _write_start(
        start,
        _lanes(book, guesses, added),
        (
            Try(
                "Prompt",
                prompt_cell,
                ADVERB,
                'All tabs show the new prompt. The tab Logit lens shows in which layer the answer "quickly" appears.',
                "next_token",
                " quickly",
            ),
            Try(
                "Track a token",
                followed,
                found.losing_day.token,
                _losing(found),
                rank,
                float(found.losing_day.rank),
            ),
            averaged,
            Try(
                "Logit lens",
                lens,
                "tuned",
                "A map, trained for each block, turns the stream into what ln_f can read: early layers guess better.",
                guess,
                Change.OTHER,
            ),
            Try(
                "Saliency",
                method,
                "leave out",
                "Another way to ask which words matter: what the logit loses without each word.",
                saliency,
                Change.OTHER,
            ),
            Try(
                "Circuit",
                crucial,
                "",
                _without(_ticks(name, found)),
                "still_right",
                1 - found.circuit.wrong_without / 7,
            ),
            Try(
                "Paths",
                paths.sender,
                _SILENT_HEAD,
                "A head of the first block knows only single words: nothing of the answer goes straight from it.",
                paths.direct,
                Change.OTHER,
            ),
            Try(
                "Head scores",
                repeated,
                REPEATED[1],
                _repeated(found),
                strongest,
                f"layer {found.repeated[1].layer}, head {found.repeated[1].head},",
            ),
        ),
    )


def _head(name: str, found: Facts) -> tuple[int, int]:
    """The layer and number of the head that is shown at first. Demo's looks from the end of the prompt to the day."""
    return {"demo": (found.day_head.layer, found.day_head.head), "gpt2": _GPT2_HEAD}.get(name, (0, 0))


def _ticks(name: str, found: Facts) -> Ticks:
    """The heads and MLPs that are ticked at first."""
    parts = found.circuit.parts
    count = _NUMBERS[len(parts)] if len(parts) < len(_NUMBERS) else str(len(parts))
    origin = (
        f"`gpt2-excel circuit` found these {count} parts for demo: without any one of them, some day comes out wrong."
    )
    wrong = found.circuit.wrong_without
    demo = Ticks(parts, origin, found.circuit.crucial, "most" if wrong > 7 / 2 else _NUMBERS[wrong])
    return {"demo": demo, "gpt2": _GPT2_TICKS}.get(name, _ALL_TICKED)


def _without(ticks: Ticks) -> str:
    """What happens without the crucial part of the circuit."""
    match ticks.crucial.split("."):
        case [_, layer, "mlp"]:
            part = f"MLP {layer}"
        case [_, layer, _, _, head]:
            part = f"Head {head} of layer {layer}"
        case _:
            raise ValueError(f"crucial must name a head or an MLP, not {ticks.crucial!r}")
    return f"{part} no longer works, and {ticks.wrong_without} of the seven days come out wrong."


def _losing(found: Facts) -> str:
    day = found.losing_day
    share = "near 0 after every layer" if day.highest < 0.01 else f"at most {day.highest:.0%} after any layer"
    return f"This day does not win: its final rank is {day.rank}, but its probability is {share}."


def _repeated(found: Facts) -> str:
    first, second = found.repeated
    now = "now" if (first.layer, first.head) != (second.layer, second.head) else "again"
    return (
        f"Another phrase that repeats. In demo, head {second.head} of layer {second.layer} {now} has the highest "
        "induction score."
    )


def _lanes(book: Book, guesses: Range, added: Range) -> tuple[Lane, ...]:
    """The lanes of the map: the best guess after each block, and what each block adds to the answer's logit."""
    layers = range(book.shape.n_layer)

    def sums(column: int) -> list[Box]:
        cells = [added.rows(layer, 1).columns(column, 1) for layer in layers]
        return [Box(cell.sheet, cell.there, cell=cell.first) for cell in cells]

    after = [guesses.rows(layer + 1, 1) for layer in layers]
    return (
        Lane("block", "map_block", [Box("All heads", f'"{layer}"') for layer in layers]),
        Lane("attention adds  ↓", "map_attention", sums(0)),
        Lane("best guess so far  →", "map_stream", [Box(cell.sheet, cell.there, cell=cell.first) for cell in after]),
        Lane("MLP adds  ↑", "map_mlp", sums(1)),
    )


def _write_start(page: Page, lanes: Sequence[Lane], tries: Sequence[Try]) -> None:
    page.furniture(
        "GPT-2 under the scanner: where does an answer come from?",
        (
            "The model reads the prompt and predicts the next token. These tabs look inside while it does so. They "
            "show when",
            "the answer appears, where each head looks, which parts favour the answer, and which parts the answer "
            "needs.",
        ),
    )
    path = (
        text_box("Prompt"),
        tokens_box("Tokens"),
        Box("Logit lens", 'token_count&" rows of numbers"', "Numbers"),
        Box("Attention", f'"{page.book.shape.n_layer} × (attention + MLP)"', "Blocks"),
        answer_box("Tokens"),
    )
    note = (
        "The stream runs through all blocks like a highway: what the model would say after each of them. Above and "
        "below it: what each block adds to the answer's logit."
    )
    write_model_map(page, "Where in the model does the answer come from?", path, lanes, note)
    start_tab.now(page)
    start_tab.things_to_try(page, tries)
    start_tab.tabs(page)
    start_tab.legend(page, _LEGEND)
    start_tab.finish(page)
