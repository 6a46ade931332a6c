"""The figures of the guide: what the workbooks show after what a page tells the reader to type was typed into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tests.books import with_values
from tests.docs.book_cells import (
    IN_A_BLOCK,
    continuations,
    grid_cell,
    heading_row,
    lane_of,
    likeliest,
    most_similar,
    next_token,
    row_of_numbers,
    step_rows,
    tick_cell,
    token_at,
)
from tests.docs.lesson import (
    Lesson,
    ablated,
    answer,
    answer_after,
    feature,
    friday,
    input_beside,
    lens,
    looked_at,
    pattern,
    row_of,
    row_values,
    token_id,
    tokens,
    typed,
)
from tests.docs.wording import listed, percent, sentence
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import HE_MOVES, JEDI_PULLS, PETER_IS, PULLS, SHE_MOVES, TUESDAY
from workbook_templates.generation.order import FACTS, QUESTION

Figures = Mapping[str, object]

_EMBEDDED: Final = 2  # the column in which the values of the tab Embeddings begin
_MEAN, _SPREAD = 2, 3  # columns of a LayerNorm
_LARGE: Final = 50  # a number that is typed into the stream
_ON: Final = 0.5  # what a neuron gives after GELU if it counts as on
_JUDGED: Final = 8  # the column of the tab A fact edited that says what has changed
_FIRST_EDIT: Final = "Weights!F7", "Weights!G7", "Weights!H7"  # the first row of the table of edits


def _tokens(lesson: Lesson) -> Figures:
    def shown(text: str) -> str:
        return " | ".join(token.strip() for token in tokens(lesson, text, "anatomy").split(" | "))

    return {
        "funology": shown("Mike studies funology"),
        "reinjury": shown("The player fears a reinjury"),
        "strawberry": len(shown("strawberry").split(" | ")),
        "berry": len(shown(" strawberry").split(" | ")),
        "quick": token_id(lesson, "quick", "anatomy"),
        "space_quick": token_id(lesson, " quick", "anatomy"),
    }


def _embeddings(lesson: Lesson) -> Figures:
    book = lesson.book("anatomy", SHE_MOVES)
    last, near_last = str(book.get("Embeddings!B17")).strip(), most_similar(book)
    width = len(row_of_numbers(book, "Embeddings", "token", 0, _EMBEDDED))
    return {
        "she": SHE_MOVES,
        "width": width,
        "last_token": last,
        "near_last": near_last,
        "near_name": most_similar(book, 4),
        "near_red": most_similar(lesson.book("anatomy", "The color is red")),
        "near_jedi": most_similar(lesson.book("anatomy", "Mike is a Jedi")),
    }


def _positions(lesson: Lesson) -> Figures:
    book = lesson.book("anatomy", SHE_MOVES)
    number = {
        (step, at): f"{row_of_numbers(book, 'Embeddings', step, at, _EMBEDDED)[0]:.3f}"
        for step in ("token", "position", "sum")
        for at in (1, 5)
    }
    assert number["token", 1] == number["token", 5]
    order = lesson.book("generation")
    shares = [row_values(order, "Order matters", name) for name in ("facts, question", "facts swapped")]
    return {
        "she": SHE_MOVES,
        "twice": token_at(book, 1),
        "context": f"{row_values(book, 'Prompt', 'context (n_ctx)')[1]:.0f}",
        "token_number": number["token", 1],
        "position_1": number["position", 1],
        "position_5": number["position", 5],
        "sum_1": number["sum", 1],
        "sum_5": number["sum", 5],
        "fact_1": FACTS[0],
        "fact_2": FACTS[1],
        "question": QUESTION,
        "facts_first": str(shares[0][2]).strip(),
        "question_first": str(row_values(order, "Order matters", "question, facts")[2]).strip(),
        "swapped": str(shares[1][2]).strip(),
        "share": percent(shares[0][4]),
        "swapped_share": percent(shares[1][4]),
    }


def _layernorm(lesson: Lesson) -> Figures:
    book = lesson.book("anatomy", SHE_MOVES)
    last_block = book.sheet_names[book.sheet_names.index("Head") - 1]
    before, *others = step_rows(book, "Block 0", "ln_1")
    example = book.used_values("Block 0")[heading_row(book, "Block 0", "ln_1") + 4][IN_A_BLOCK]
    numbers = row_of_numbers(book, "Block 0", "ln_1", 0, IN_A_BLOCK)
    channel = max(range(1, len(numbers)), key=lambda channel: abs(numbers[channel]))
    figures = {
        "example": example,
        "channel": channel,
        "large": _LARGE,
        "spread_first": f"{others[-1][_SPREAD]:.2f}",
        "spread_last": f"{step_rows(book, last_block, 'ln_1')[-1][_SPREAD]:.2f}",
        "last_block": last_block.rpartition(" ")[2],
        "first_token": before[1],
    }
    with with_values(book, {grid_cell(book, "Block 0", 0, 0): _LARGE}):
        after, *rest = step_rows(book, "Block 0", "ln_1")
        assert rest == others
    for name, column in {"mean": _MEAN, "spread": _SPREAD, "other": channel + IN_A_BLOCK}.items():
        figures |= {f"{name}_before": f"{before[column]:.2f}", f"{name}_after": f"{after[column]:.2f}"}
    return figures


def _attention(lesson: Lesson) -> Figures:
    found, head = facts().pronouns, facts().pronoun_head
    her_name, her_share = looked_at(lesson, SHE_MOVES, " She")
    his_name, his_share = looked_at(lesson, HE_MOVES, " He")
    _, rows = pattern(lesson, SHE_MOVES)
    heads = int(row_values(lesson.book("mri"), "Prompt", "heads (n_head)")[1])
    layers = int(row_values(lesson.book("mri"), "Prompt", "layers (n_layer)")[1])
    book = lesson.book("anatomy", SHE_MOVES)
    with with_values(book, dict(zip(_FIRST_EDIT, ("scale", found.part, found.factor), strict=True))):
        scaled = next_token(book)
    return {
        "she": SHE_MOVES,
        "heads": heads,
        "layers": layers,
        "all_heads": layers * heads,
        "layer": head.layer,
        "head": head.head,
        "she_token": " She",
        "her_name": her_name,
        "her_share": f"{her_share:.2f}",
        "his_name": his_name,
        "his_share": f"{his_share:.2f}",
        "she_answer": answer(lesson, SHE_MOVES),
        "he_answer": answer(lesson, HE_MOVES),
        "row_sum": f"{sum(rows[3]):.6g}",
        "above": f"{rows[0][4]:g}",
        "part": found.part,
        "factor": f"{found.factor:g}",
        "scaled": scaled,
    }


def _mlp(lesson: Lesson) -> Figures:
    book = lesson.book("anatomy", SHE_MOVES)
    neurons = row_of_numbers(book, "Block 0", "GELU", -1, IN_A_BLOCK)
    looked_into = lesson.book("mri", TUESDAY)
    at = row_of(looked_into, "Neurons", "layer", skip=1)
    first = list(looked_into.used_values("Neurons")[at])
    answered = next_token(looked_into)
    writes = [str(token).strip() for token in first[5:8] if str(token).strip() != answered]
    book = lesson.book("anatomy", TUESDAY)
    part = facts().circuit.crucial
    assert part.endswith(".mlp")
    with with_values(book, dict(zip(_FIRST_EDIT, ("scale", part, 0), strict=True))):
        without = next_token(book)
    return {
        "neurons": len(neurons),
        "on": sum(neuron > _ON for neuron in neurons),
        "tuesday": TUESDAY,
        "neuron_layer": f"{first[0]:.0f}",
        "neuron": f"{first[1]:.0f}",
        "adds": f"{first[3]:.2f}",
        "answer": answered,
        "writes": listed(writes),
        "all_neurons": f"{row_values(looked_into, 'Neurons', 'sum')[3]:.2f}",
        "part": part,
        "without": without,
    }


def _stream(lesson: Lesson) -> Figures:
    book, edit = lesson.book("anatomy", SHE_MOVES), facts().stream_edit
    rows = book.used_values("Start")
    adds = [float(cell) for cell in lane_of(rows, "attention adds  ↓")]
    figures = {
        "she": SHE_MOVES,
        "layers": len(adds),
        "best_block": adds.index(max(adds)),
        "best_adds": f"{max(adds):+.2f}",
        "total": f"{lane_of(rows, 'residual stream  →')[-1]:+.2f}",
        "word": token_at(book, edit.position),
        "position": edit.position,
        "channel": edit.channel,
        "value": f"{edit.value:g}",
        "numbers": len(step_rows(book, "Block 0", "stream"))
        * len(row_of_numbers(book, "Block 0", "stream", 0, IN_A_BLOCK)),
        "she_answer": next_token(book),
        "last_block": len(adds) - 1,
    }
    with with_values(book, {grid_cell(book, "Block 0", edit.position, edit.channel): edit.value}):
        figures |= {"edited_answer": next_token(book), "edited_share": percent(likeliest(book)[0][4])}
    last = f"Block {len(adds) - 1}"
    enters, logit = step_rows(book, last, "stream"), likeliest(book)[0][3]
    with with_values(book, {grid_cell(book, last, len(enters) - 1, 0): _LARGE}):
        assert step_rows(book, last, "stream") == enters
        return figures | {
            "large": _LARGE,
            "logit": f"{logit:.2f}",
            "late_logit": f"{likeliest(book)[0][3]:.2f}",
        }


def _head(lesson: Lesson) -> Figures:
    book = lesson.book("anatomy", SHE_MOVES)
    first, second = likeliest(book)[:2]
    figures = {
        "she": SHE_MOVES,
        "first": first[1].strip(),
        "share": percent(first[4]),
        "second": second[1].strip(),
        "second_share": percent(second[4]),
        "gap": f"{first[3] - second[3]:.2f}",
        "ratio": f"{first[4] / second[4]:,.0f}",
    }
    for name, temperature in (("hot_share", 3), ("cold_share", 0)):
        with with_values(book, {"temperature": temperature}):
            figures[name] = percent(likeliest(book)[0][4])
    changed = likeliest(lesson.book("anatomy", HE_MOVES))[0]
    return figures | {"he_first": changed[1].strip(), "he_share": percent(changed[4])}


def _lens(lesson: Lesson) -> Figures:
    found, book = facts().lens, lesson.book("mri", TUESDAY)
    plain = lens(lesson)
    answered = plain[-1]
    first = next(layer for layer in range(len(plain)) if set(plain[layer:]) == {answered})
    rival = book.used_values("Track a token")
    shares = [float(row[8]) for row in rival[13 : 13 + len(plain)]]
    assert str(rival[11][6]) == found.rival
    with with_values(book, {f"'Logit lens'!B{row_of(book, 'Logit lens', 'lens', skip=1)}": "tuned"}):
        tuned = lens(lesson)
    earlier = next(layer for layer, token in enumerate(tuned) if token == answered)
    friday_rank = friday(lesson)
    friday_share = row_values(book, "Track a token", 12.0)[2]
    typed(book, "Track a token", {"token": None})
    circuit = {"parts": row_values(book, "Circuit", "parts kept")[1], "right": book.get("still_right")}
    with with_values(book, {tick_cell(book, facts().circuit.crucial): None}):
        wrong = 7 - 7 * float(book.get("still_right"))
    return {
        "tuesday": TUESDAY,
        "layer_before": first - 1,
        "before": plain[first - 1],
        "answer_from": first,
        "answer": answered,
        "rival": found.rival.strip(),
        "rival_share": percent(max(shares)),
        "friday_rank": friday_rank,
        "friday_share": percent(friday_share),
        "tuned_layer": earlier,
        "plain_there": plain[earlier],
        "tuned_there": tuned[earlier],
        "parts": f"{circuit['parts']:.0f}",
        "all_parts": 12 * 13,
        "right": f"{7 * circuit['right']:.0f}",
        "crucial": facts().circuit.crucial,
        "wrong": f"{wrong:.0f}",
    }


def _jedi(lesson: Lesson) -> Figures:
    jedi, book = facts().jedi, lesson.book("surgery", PULLS)
    before = str(row_values(book, "SAE feature", "answer")[1]).strip()
    figures: dict[str, object] = {
        "layer": jedi.layer,
        "feature": jedi.feature,
        "pulls": PULLS,
        "model": jedi.model.replace('"', '""'),
        "coefficient": f"{jedi.coefficient:g}",
        "phone": before,
        "lightsaber": feature(lesson, PULLS, jedi.coefficient),
        "at_0": feature(lesson, PULLS, 0),
        "undecided": jedi.undecided,
        "fluent": f"{jedi.fluent:g}",
        "peter_is": PETER_IS,
        "obsessed": f"{jedi.obsessed:g}",
        "jedi_pulls": JEDI_PULLS,
        "removal": f"{jedi.removal:g}",
    }
    for name, coefficient in (("fluent_text", jedi.fluent), ("obsessed_text", jedi.obsessed)):
        typed(lesson.book("surgery", PULLS), "SAE feature", {"coefficient": coefficient})
        texts = continuations(book)
        figures[name] = sentence(PETER_IS + texts[coefficient])
        figures["plain_text"] = sentence(PETER_IS + texts[0])
    figures["jedi_answer"] = feature(lesson, JEDI_PULLS, 0)
    figures["removed"] = feature(lesson, JEDI_PULLS, jedi.removal)
    feature(lesson, PULLS, jedi.coefficient)
    with with_values(book, {input_beside(book, "Contrast", "towards"): " wizard"}):
        figures["wand"] = answer_after(book, "Contrast")
    return figures


def _surgery(lesson: Lesson) -> Figures:
    book, edit, part = lesson.book("surgery", PULLS), facts().weight_edit, facts().ablation
    fact = facts().fact_edit
    judged = [str(row[_JUDGED]) for row in book.used_values("A fact edited") if row[_JUDGED] is not None]
    verdicts = [text for text in judged if text in ("holds", "does not hold", "spared", "changed")]
    worded = [text for text in verdicts if "hold" in text]
    others = [text for text in verdicts if "hold" not in text]
    figures = {
        "scale_text": f"demo ; scale {part.part} by 0",
        "fact_text": fact.model,
        "weight_text": f"demo ; set ln_f.bias[{edit.index}] = {edit.value:g}",
        "part": part.part,
        "tuesday": part.prompt,
        "answer": part.answer.strip(),
        "ablated": ablated(lesson),
        "fact_layer": fact.layer,
        "rome": answer_after(book, "A fact edited"),
        "paris": str(row_values(book, "A fact edited", "answer")[1]).strip(),
        "holds": worded.count("holds"),
        "worded": len(worded),
        "spared": others.count("spared"),
        "others": len(others),
        "index": edit.index,
        "value": f"{edit.value:g}",
        "parameters": f"{row_values(book, 'Prompt', 'parameters')[1]:,.0f}",
        "pulls": PULLS,
        "weight_answer": answer_after(book, "Weight edits"),
    }
    with with_values(book, {input_beside(book, "A fact edited", "new answer"): " London"}):
        return figures | {"london": answer_after(book, "A fact edited")}


FIGURES: Mapping[str, Callable[[Lesson], Figures]] = {
    "tokens": _tokens,
    "embeddings": _embeddings,
    "positions": _positions,
    "layernorm": _layernorm,
    "attention": _attention,
    "mlp": _mlp,
    "stream": _stream,
    "head": _head,
    "lens": _lens,
    "jedi": _jedi,
    "surgery": _surgery,
}
"""The figures of each chapter, in the order of the chapters."""
