"""The values of the surgery workbook with the demo model: the talk's operation, and tabs that must agree."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl.utils import get_column_letter

import udfs
from addin.headless import Workbook
from tests.books import DEMO, TINY, Books, with_values
from tests.workbook_templates.messages import Edits, message_after
from tests.workbook_templates.values import recalculated
from udfs.backend import catalogue
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import (
    JEDI_FIGHTS,
    JEDI_PULLS,
    LIGHTSABER,
    MAN_PULLS,
    PETER_IS,
    PHONE,
    PULLS,
    WAND,
    WIZARD,
)

PROMPT, ROOM = PULLS, DEMO["tokens"]
WIDTH = catalogue.load("demo").config.n_embd
STEERING = ("SAE feature", "Contrast", "PCA")
ROWS = 11  # of the sweep's tab
FEATURES = json.loads((Path(udfs.__file__).parent / "models/demo_sae/features.json").read_text("utf-8"))["features"]

Cells = list[list[Any]]


@pytest.fixture
def workbook(books: Books) -> Iterator[Workbook]:
    with books.calculated("surgery", **DEMO) as shared:
        yield shared


@pytest.fixture(scope="module")
def own(books: Books) -> Workbook:
    """The workbook in which tests type over formulas."""
    return recalculated(books.file("surgery", **DEMO))


def cells(workbook: Workbook, tab: str) -> Cells:
    return workbook.get_range(f"'{tab}'!A1:R170")


def row_of(workbook: Workbook, tab: str, label: str, column: int = 0) -> int:
    """The row with that label, counted from 1."""
    return next(i for i, row in enumerate(cells(workbook, tab), start=1) if row[column] == label)


def tables(workbook: Workbook, tab: str) -> tuple[Cells, Cells]:
    """The next tokens before and after, each with its header."""
    rows = cells(workbook, tab)
    header = row_of(workbook, tab, "Before")
    return [row[:5] for row in rows[header : header + 9]], [row[6:11] for row in rows[header : header + 9]]


def probabilities(table: Cells) -> dict[object, float]:
    """The probabilities of tokens in a table; 0 for tokens that are not in it."""
    found = {row[1]: row[4] for row in table[1:]}
    return {token: float(str(found.get(token, 0))) for token in (*found, PHONE, LIGHTSABER)}


def agree(table: Cells, other: Cells) -> bool:
    """Whether two tables are the same up to float32 rounding."""
    pairs = [pair for rows in zip(table, other, strict=True) for pair in zip(*rows, strict=True)]
    return all(math.isclose(a, b, rel_tol=1e-5) if isinstance(a, float) else a == b for a, b in pairs)


def sweep(workbook: Workbook) -> Cells:
    header = row_of(workbook, "Coefficient sweep", "coefficient")
    return [row[:7] for row in cells(workbook, "Coefficient sweep")[header : header + ROWS]]


def logits(model: str) -> np.ndarray:
    return np.array(udfs.gpt2_unembed(udfs.gpt2_residual(PROMPT, "h.12", model)[-1:], None, model), float)[:, 0]


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()


def test_no_cell_has_an_error(workbook: Workbook) -> None:
    wrong = [
        (tab, value)
        for tab in workbook.sheet_names
        for row in cells(workbook, tab)
        for value in row
        if isinstance(value, str) and value.startswith("#") and value != "#GPT2! ..."
    ]
    assert not wrong


@pytest.mark.parametrize("tab", STEERING)
def test_phone_becomes_lightsaber(workbook: Workbook, tab: str) -> None:
    before, after = (probabilities(table) for table in tables(workbook, tab))
    assert before[PHONE] > 0.5 > before[LIGHTSABER]
    assert after[LIGHTSABER] > 0.5 > after[PHONE]


@pytest.mark.parametrize("tab", STEERING)
def test_coefficient_0_changes_nothing(own: Workbook, tab: str) -> None:
    before, after = tables(own, tab)
    assert before != after
    with with_values(own, {f"{tab}!C{row_of(own, tab, 'coefficient')}": 0}):
        again, unchanged = tables(own, tab)
    assert agree(again, before)
    assert agree(unchanged, before)
    assert agree(udfs.gpt2_predict(PROMPT, 8, 1, "demo"), before)


@pytest.mark.parametrize("tab", STEERING)
def test_the_table_becomes_the_model_text(workbook: Workbook, tab: str) -> None:
    text = workbook.get(f"{tab}!C{row_of(workbook, tab, 'model text')}")
    assert str(text).startswith("demo ; add ")
    assert agree(tables(workbook, tab)[1], udfs.gpt2_predict(PROMPT, 8, 1, text))


@pytest.mark.parametrize("tab", STEERING)
def test_the_stream_in_cells_equals_the_models(workbook: Workbook, tab: str) -> None:
    check = workbook.get(f"{tab}!C{row_of(workbook, tab, 'check', 1) + 1}")
    assert isinstance(check, float)
    assert check < 1e-3


def test_positions_choose_where_the_vector_is_added(workbook: Workbook) -> None:
    tab = "Contrast"
    for label, text in (("towards", JEDI_PULLS), ("away from", MAN_PULLS), ("positions", "last")):
        workbook.set(f"{tab}!C{row_of(workbook, tab, label)}", text)
    workbook.recalculate()
    stream, steered = (row_of(workbook, tab, step, 1) + 2 for step in ("stream", "steered"))
    last = get_column_letter(2 + WIDTH)
    rows = [workbook.get_range(f"{tab}!C{first}:{last}{first + 3}") for first in (stream, steered)]
    assert [a == b for a, b in zip(*rows, strict=True)] == [True, True, True, False]
    place = f"h.{facts().contrast.layer}"
    assert str(workbook.get(f"{tab}!C{row_of(workbook, tab, 'model text')}")).endswith(f" to {place} at last")
    assert workbook.get(f"{tab}!C{row_of(workbook, tab, 'check', 1) + 1}") == pytest.approx(0, abs=1e-3)


def test_the_feature_is_active_after_the_addition_and_not_before(workbook: Workbook) -> None:
    tab = "SAE feature"
    chosen = workbook.get(f"{tab}!C{row_of(workbook, tab, 'feature')}")
    rows = cells(workbook, tab)[row_of(workbook, tab, "position", 11) :]
    before, after = ([(row[0 + at], row[2 + at], row[4 + at]) for row in rows[:12]] for at in (0, 11))
    assert {position: token for position, _, token in after} == dict(enumerate(["Mike", " pulls", " out", " his"]))
    assert chosen not in [feature for _, feature, _ in before]
    assert [feature for _, feature, _ in after].count(chosen) == 4


def test_features_in_the_catalogue_have_their_label(workbook: Workbook) -> None:
    tab, labels = "SAE feature", {entry["feature"]: entry["label"] for entry in FEATURES}
    rows = cells(workbook, tab)[row_of(workbook, tab, "position", 11) :]
    found = {row[2 + at]: row[5 + at] for row in rows[:12] for at in (0, 11) if row[2 + at] not in (None, "")}
    assert found[facts().jedi.feature] == "after a mention of: Star Wars and its Jedi"
    assert found == {feature: labels.get(feature, "") for feature in found}


def chosen(workbook: Workbook, feature: int) -> list[tuple[float, str]]:
    """The coefficients and texts on the tab Feature catalogue, with that feature chosen."""
    workbook.set("chosen_feature", feature)
    workbook.recalculate()
    header = row_of(workbook, "Feature catalogue", "coefficient")
    return [(row[0], row[1]) for row in cells(workbook, "Feature catalogue")[header : header + 6]]


def test_the_catalogue_has_every_feature_that_means_something(workbook: Workbook) -> None:
    header = row_of(workbook, "Feature catalogue", "how often", 2)
    rows = workbook.get_range(f"'Feature catalogue'!A{header + 1}:F{header + len(FEATURES)}")
    assert [(row[0], row[1]) for row in rows] == [(entry["feature"], entry["label"]) for entry in FEATURES]
    assert [row[2] for row in rows] == [entry["share of tokens"] for entry in FEATURES]
    for row, entry in zip(rows, FEATURES, strict=True):
        assert str(row[4]).startswith(entry["texts"][0])
        assert str(row[4]).count("«") >= 1
        assert str(row[5]).startswith(entry["promotes"][0])


def test_the_chosen_feature_steers_both_tabs(workbook: Workbook) -> None:
    animal = facts().animal
    for coefficient, text in chosen(workbook, animal.feature):
        model = (
            f"demo ; add {coefficient!r} * sae({facts().jedi.layer}, {animal.feature}) to h.{facts().jedi.layer} at all"
        )
        assert text == udfs.gpt2_generate(PETER_IS, 12, model=model)
    assert animal.word in text
    assert workbook.get(f"SAE feature!C{row_of(workbook, 'SAE feature', 'feature')}") == animal.feature
    assert workbook.get(f"SAE feature!C{row_of(workbook, 'SAE feature', 'label')}") == animal.label
    assert tables(workbook, "SAE feature")[1][1][1] == animal.word


def test_a_feature_that_is_not_in_the_catalogue_is_a_message(workbook: Workbook) -> None:
    assert chosen(workbook, 99_999)[0][0] == "#GPT2! this feature is not in the catalogue"
    assert workbook.get(f"SAE feature!C{row_of(workbook, 'SAE feature', 'label')}") == ""


@pytest.mark.parametrize("tab", STEERING)
def test_the_sweep_goes_from_0_to_twice_the_coefficient(workbook: Workbook, tab: str) -> None:
    workbook.set(f"Coefficient sweep!B{row_of(workbook, 'Coefficient sweep', 'operation')}", tab)
    workbook.recalculate()
    rows = sweep(workbook)
    coefficient = workbook.get(f"{tab}!C{row_of(workbook, tab, 'coefficient')}")
    assert rows[0][0] == 0
    assert rows[5][0] == coefficient
    for row in (rows[0], rows[5]):
        expected = probabilities(udfs.gpt2_predict(PROMPT, 50_257, 1, row[6]))
        assert row[1:3] == pytest.approx([expected[PHONE], expected[LIGHTSABER]], abs=2e-4)
    assert rows[0][3:5] == pytest.approx([0, 0], abs=1e-9)
    assert all(isinstance(row[3], float) and row[3] > -1e-9 for row in rows)


def test_coefficient_and_contrast_have_the_effects_that_start_describes(own: Workbook) -> None:
    cells = {
        f"SAE feature!C{row_of(own, 'SAE feature', 'coefficient')}": facts().jedi.undecided,
        f"Contrast!C{row_of(own, 'Contrast', 'towards')}": WIZARD,
    }
    with with_values(own, cells):
        undecided = probabilities(tables(own, "SAE feature")[1])
        contrast = tables(own, "Contrast")[1]
    assert {PHONE, LIGHTSABER} < set(sorted(undecided, key=lambda token: -undecided[token])[:3])
    assert abs(undecided[PHONE] - undecided[LIGHTSABER]) < 0.1
    assert contrast[1][1] == WAND


def test_the_sweep_measures_the_answer_and_the_stream(workbook: Workbook) -> None:
    *_, divergence, change, _, text = sweep(workbook)[3]
    u, v = logits(str(text)), logits("demo")
    p, q = softmax(u), softmax(v)
    assert divergence == pytest.approx(float((p * np.log(p / q)).sum()), abs=1e-4)
    place = workbook.get(f"Coefficient sweep!B{row_of(workbook, 'Coefficient sweep', 'place')}")
    x, y = (np.array(udfs.gpt2_residual(PROMPT, place, model), float) for model in ("demo", text))
    expected = (np.linalg.norm(y - x, axis=1) / np.linalg.norm(x, axis=1)).max()
    assert change == pytest.approx(expected, rel=1e-5)
    assert expected > 0.01


def texts(workbook: Workbook, tab: str) -> dict[float, tuple[str, str]]:
    """How the prompt and the other text go on, by coefficient."""
    header = row_of(workbook, tab, "another text") + 1
    assert [cells(workbook, tab)[header - 1][column] for column in (2, 10)] == [f"{PROMPT} ...", f"{PETER_IS} ..."]
    return {row[0]: (row[2], row[10]) for row in cells(workbook, tab)[header : header + 6]}


@pytest.mark.parametrize("tab", STEERING)
def test_texts_go_on_as_the_steered_model_does(workbook: Workbook, tab: str) -> None:
    coefficient = workbook.get(f"{tab}!C{row_of(workbook, tab, 'coefficient')}")
    text = workbook.get(f"{tab}!C{row_of(workbook, tab, 'model text')}")
    shown = texts(workbook, tab)
    assert shown[coefficient] == tuple(udfs.gpt2_generate(prompt, 12, model=text) for prompt in (PROMPT, PETER_IS))
    assert shown[0] == tuple(udfs.gpt2_generate(prompt, 12, model="demo") for prompt in (PROMPT, PETER_IS))
    assert shown[0][0].startswith(PHONE)
    assert shown[coefficient][0].startswith(LIGHTSABER)


def test_too_little_just_right_and_too_much(workbook: Workbook) -> None:
    shown = texts(workbook, "SAE feature")
    assert "lightsaber lightsaber lightsaber" in shown[facts().jedi.coefficient][1]
    assert shown[facts().jedi.fluent][1] == " a Jedi knight. The lightsaber is green Jedi master. The"
    contrast = texts(workbook, "Contrast")
    assert contrast[facts().contrast.coefficient][0] == " lightsaber."
    assert contrast[facts().contrast.coefficient / 8] == contrast[0]


def test_each_row_of_the_sweep_shows_how_the_text_goes_on(workbook: Workbook) -> None:
    for row in (sweep(workbook)[0], sweep(workbook)[3]):
        assert row[5] == udfs.gpt2_generate(PROMPT, 12, model=row[6])


def test_the_sweep_needs_single_tokens(workbook: Workbook) -> None:
    workbook.set(f"Coefficient sweep!B{row_of(workbook, 'Coefficient sweep', 'token')}", " lightsabers")
    workbook.recalculate()
    assert sweep(workbook)[0][1] == "#GPT2! ' lightsabers' must be one token, not 3"


@pytest.mark.parametrize("cell", ["SAE feature!C11", "Coefficient sweep!B8", "Coefficient sweep!B9"])
def test_the_sweep_needs_numbers(own: Workbook, cell: str) -> None:
    assert isinstance(own.get(cell), float)
    with with_values(own, {cell: "strong"}):
        rows = sweep(own)
    assert {row[0] for row in rows} == {row[1] for row in rows} == {"#GPT2! from and to must be numbers"}


def test_adding_clamping_and_removing_differ(workbook: Workbook) -> None:
    tab, jedi = "Clamp and remove", facts().jedi
    first = row_of(workbook, tab, "the model itself")
    rows = [row[:3] + row[7:9] for row in cells(workbook, tab)[first - 1 : first + 4]]
    models = [
        "demo",
        jedi.model,
        *(f"demo ; clamp {jedi.vector} to {value:g} at all" for value in (jedi.coefficient, 0)),
    ]
    models.append(f"demo ; remove {jedi.vector} from h.{jedi.layer} at all")
    assert [row[12] for row in cells(workbook, tab)[first - 1 : first + 4]] == models
    for row, model in zip(rows, models, strict=True):
        for text, answer, probability in ((PROMPT, *row[1:3]), (JEDI_FIGHTS, *row[3:5])):
            assert udfs.gpt2_predict(text, 1, 1, model)[1][1:5:3] == [answer, probability]
    assert [row[1] for row in rows] == [PHONE, LIGHTSABER, LIGHTSABER, PHONE, PHONE]
    assert rows[0][3] == LIGHTSABER != rows[4][3]
    header = row_of(workbook, tab, "position")
    before = udfs.gpt2_sae_activation(
        udfs.gpt2_residual(JEDI_FIGHTS, f"h.{jedi.layer}", "demo"), jedi.layer, jedi.feature, "demo"
    )
    rows = cells(workbook, tab)[header : header + len(before)]
    active = [[row[column] for row in rows] for column in (8, 9, 10)]
    assert active[0] == pytest.approx(before[:, 0].tolist())
    most = int(before.argmax())
    assert active[1][most] > active[2][most] + active[0][most] / 2  # adding goes on top of what is there


def test_zero_ablation_breaks_an_answer_that_mean_ablation_keeps(workbook: Workbook) -> None:
    before, after = tables(workbook, "Ablation")
    ablation = facts().ablation
    assert before[1][1] == ablation.answer != after[1][1]
    first = row_of(workbook, "Ablation", "zero")
    workbook.set(f"Ablation!A{first}", "mean")
    workbook.recalculate()
    text = str(workbook.get(f"Ablation!B{row_of(workbook, 'Ablation', 'model text')}"))
    assert text == f"demo ; mean {ablation.part} over {json.dumps(ablation.mean_over)}"
    assert tables(workbook, "Ablation")[1] == udfs.gpt2_predict(ablation.prompt, 8, 1, text)
    assert (tables(workbook, "Ablation")[1][1][1] == ablation.answer) == ablation.mean_restores


def test_rows_of_the_ablation_table_combine(workbook: Workbook) -> None:
    first = row_of(workbook, "Ablation", "zero")
    workbook.set(f"Ablation!A{first + 1}", "scale")
    workbook.set(f"Ablation!B{first + 1}", "h.2.attn.head.3")
    workbook.recalculate()
    row = row_of(workbook, "Ablation", "model text")
    assert "scale" in str(workbook.get(f"Ablation!B{row}"))
    assert str(workbook.get(f"Ablation!B{row}")).startswith("#GPT2! ")  # no amount so far
    workbook.set(f"Ablation!C{first + 1}", 0.5)
    workbook.recalculate()
    assert (
        workbook.get(f"Ablation!B{row}") == f"demo ; scale {facts().ablation.part} by 0 ; scale h.2.attn.head.3 by 0.5"
    )


def test_a_fact_is_rewritten_and_others_are_spared(workbook: Workbook) -> None:
    tab, edit = "A fact edited", facts().fact_edit
    assert workbook.get(f"{tab}!B{row_of(workbook, tab, 'model text')}") == edit.model
    before, after = tables(workbook, tab)
    assert before[1][1] == " Paris"
    assert after[1][1] == edit.answer
    header = row_of(workbook, tab, "kind")
    listed = [row for row in cells(workbook, tab)[header:] if row[0] in ("other words", "neighbour", "other")]
    assert len(listed) == 30
    for kind, prompt, *_, before_it, after_it, judged in (row[:9] for row in listed):
        for model, answer in (("demo", before_it), (edit.model, after_it)):
            assert udfs.gpt2_predict(prompt, 1, 1, model)[1][1] == answer
        if kind == "other words":
            assert (after_it, judged) == (edit.answer, "holds")
        elif kind == "neighbour":
            assert judged == "spared"
        else:
            assert judged == ("spared" if before_it == after_it else "changed")
    assert workbook.get(f"{tab}!B{row_of(workbook, tab, 'holds')}") == 3
    changed = [row for row in listed if row[8] == "changed"]
    assert workbook.get(f"{tab}!B{row_of(workbook, tab, 'changed')}") == len(changed) < 4


def test_one_weight_changes_the_answer(workbook: Workbook) -> None:
    before, after = (probabilities(table) for table in tables(workbook, "Weight edits"))
    edit = facts().weight_edit
    assert before[PHONE] > 0.5 > before.get(edit.answer, 0)
    assert after[edit.answer] > 0.5 > after[PHONE]
    first = row_of(workbook, "Weight edits", "edit 0")
    typed: tuple[str | float, ...] = ("h.0.mlp.c_fc.weight", 3, 5, 0.25)
    learned = udfs.gpt2_weight("ln_f.bias", 0, 1, edit.index, 1, "demo")[0, 0]
    assert workbook.get(f"Weight edits!G{first}") == pytest.approx(float(learned))
    for column, value in zip("BCDE", typed, strict=True):
        workbook.set(f"Weight edits!{column}{first + 1}", value)
    workbook.recalculate()
    text = workbook.get(f"Weight edits!B{row_of(workbook, 'Weight edits', 'model text')}")
    assert text == f"demo ; set ln_f.bias[{edit.index}] = {edit.value:g} ; set h.0.mlp.c_fc.weight[3, 5] = 0.25"
    learned = udfs.gpt2_weight("h.0.mlp.c_fc.weight", 3, 1, 5, 1, "demo")[0, 0]
    assert workbook.get(f"Weight edits!G{first + 1}") == pytest.approx(float(learned))


def test_the_overview_has_every_answer(workbook: Workbook) -> None:
    assert workbook.get_range("next_tokens") == udfs.gpt2_predict(PROMPT, 8, 1, "demo")
    assert workbook.get("next_token") == PHONE
    assert workbook.get_range("tokens")[:5] == udfs.gpt2_tokenize(PROMPT)
    rows = [row[10:14] for row in workbook.get_range("'Before and after'!A1:N20")]
    listed = {
        row[0]: row[1:]
        for row in rows
        if row[0] in (*STEERING, "Clamp and remove", "Ablation", "A fact edited", "Weight edits")
    }
    assert len(listed) == 7
    for tab, (answer, probability, prompt) in listed.items():
        first = tables(workbook, str(tab))[1][1]
        assert [answer, probability] == [first[1], first[4]]
        own = {
            "Ablation": facts().ablation.prompt,
            "Clamp and remove": JEDI_FIGHTS,
            "A fact edited": facts().fact_edit.prompt,
        }
        assert prompt == own.get(str(tab), PROMPT)


def test_quotes_backslashes_and_semicolons_in_a_contrast_are_text(workbook: Workbook) -> None:
    texts = ('He says "yes"; and\\or', "He says no")
    first = row_of(workbook, "Contrast", "towards")
    for row, text in enumerate(texts, start=first):
        workbook.set(f"Contrast!C{row}", text)
    workbook.recalculate()
    vector = f"{row_of(workbook, 'Contrast', 'vector', 1) + 2}"
    expected = udfs.gpt2_contrast(*texts, f"h.{facts().contrast.layer}", "demo")[3, :5]
    got = workbook.get_range(f"Contrast!C{int(vector) + 3}:G{int(vector) + 3}")[0]
    assert got == pytest.approx(expected.tolist())
    assert str(workbook.get(f"Contrast!C{row_of(workbook, 'Contrast', 'model text')}")).startswith(
        f"demo ; add {facts().contrast.coefficient:g} * "
    )
    check = workbook.get(f"Contrast!C{row_of(workbook, 'Contrast', 'check', 1) + 1}")
    assert isinstance(check, float)
    assert check < 1e-3


def test_a_contrast_longer_than_its_rows_is_a_message(workbook: Workbook) -> None:
    workbook.set(f"Contrast!C{row_of(workbook, 'Contrast', 'towards')}", "one" + " two" * (ROOM - 1))
    workbook.recalculate()
    row = row_of(workbook, "Contrast", "vector", 1) + 2
    message = f"#GPT2! the texts of this tab have {ROOM + 1} tokens, there is room for {ROOM}"
    assert workbook.get(f"Contrast!C{row}") == message


def test_a_line_points_to_the_folded_rows_of_a_long_contrast(books: Books) -> None:
    with books.calculated("surgery", **TINY) as workbook:
        note = next(f"Contrast!{column}1" for column in "DEFGHIJKLMN" if workbook.get(f"Contrast!{column}1") == "")
        workbook.set(f"Contrast!C{row_of(workbook, 'Contrast', 'towards')}", "a b c d e f g h")
        workbook.recalculate()
        assert str(workbook.get(note)).startswith("Some tokens are out of sight")


MESSAGES = {
    "too long": (
        {"prompt": "one" + " two" * ROOM},
        f"gpt2-excel new surgery --host office --tokens {ROOM + 1}",
    ),
    "empty": ({"prompt": None}, "the prompt is empty"),
    "no model": ({"model_name": "no such"}, "'no such'"),
    "other shape": ({"model_name": "tiny"}, "the model has 3 of 4"),
}


@pytest.mark.parametrize(("edits", "line"), MESSAGES.values(), ids=MESSAGES)
def test_every_tab_shows_the_message_for_a_wrong_input(workbook: Workbook, edits: Edits, line: str) -> None:
    message = message_after(workbook, edits, line)
    for tab in (*STEERING, "Weight edits"):
        assert [table[0][0] for table in tables(workbook, tab)] == [message, message], tab
    assert sweep(workbook)[0][1] == message
    texts = {value for tab in workbook.sheet_names for row in cells(workbook, tab) for value in row}
    assert not {value for value in texts if str(value).startswith("#")} - {message, "#GPT2! ..."}


def test_without_an_autoencoder_the_other_tabs_work(books: Books) -> None:
    with books.calculated("surgery", **TINY) as workbook:
        workbook.set(f"Coefficient sweep!B{row_of(workbook, 'Coefficient sweep', 'operation')}", "Contrast")
        workbook.recalculate()
        message = tables(workbook, "SAE feature")[1][0][0]
        assert str(message).startswith("#GPT2! layer must be ")
        for tab in ("Contrast", "PCA", "Ablation", "Weight edits"):
            assert tables(workbook, tab)[1][0] == ["rank", "token", "id", "logit", "probability"]
            assert not [value for row in cells(workbook, tab) for value in row if str(value).startswith("#")]
        assert all(isinstance(value, float) for row in sweep(workbook) for value in row[:5])
