"""The workbook of native formulas: functions that every program has, a list of words, weights in cells.

The headless host computes it here; in `test_pure_in_calc.py` LibreOffice does.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from safetensors.numpy import load_file, save_file

import udfs
import workbook_templates
from addin.headless import Workbook
from tests.random_checkpoint import write_checkpoint
from tests.workbook_templates.files import code, formulas_in, opened, small
from tests.workbook_templates.values import recalculated
from udfs.backend import catalogue
from udfs.backend.gpt2.tokenizer import encode
from udfs.cells import FUNCTIONS
from udfs.models.demo.known import known_words
from udfs.models.demo.recipe.held_out import PROMPTS, REFERENCES
from workbook_templates import TEMPLATES, build
from workbook_templates.pure import contents
from workbook_templates.pure.contents import Contents

TOKENS = 9
# Functions of Excel 2007, LibreOffice and Google Sheets.
EVERYWHERE = {
    *(
        "ABS",
        "AND",
        "AVERAGE",
        "CHAR",
        "COLUMN",
        "COUNT",
        "COUNTA",
        "EXACT",
        "EXP",
        "FIND",
        "IF",
        "INDEX",
        "ISNA",
        "ISNUMBER",
    ),
    *("LARGE", "LEFT", "LEN", "LOWER", "MATCH", "MAX", "MID", "MIN", "MMULT", "MOD", "N", "NOT", "OR", "PI"),
    *("RIGHT", "ROW", "SQRT", "SUM", "SUMPRODUCT", "SUMSQ", "TANH", "TEXT", "TRANSPOSE", "TRIM", "UPPER", "VARP"),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("pure", tmp_path_factory.mktemp("pure"), tokens=TOKENS, model="tiny", host="headless")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    """The same with few words, because openpyxl takes long over all of them."""
    return opened(small("pure", tmp_path_factory.mktemp("few words"), tokens=TOKENS))


@pytest.fixture(scope="module")
def found() -> set[str]:
    """The formulas of the committed file, which is what the builder writes: test_every_template.py compares them."""
    return set(formulas_in(Path(workbook_templates.__file__).with_name(TEMPLATES["pure"])))


@pytest.fixture(scope="module")
def computed(path: Path) -> Workbook:
    return recalculated(path)


@pytest.fixture(scope="module")
def demo() -> Contents:
    return Contents(catalogue.load("demo"))


def test_tabs_are_in_the_order_of_the_computation(office: openpyxl.Workbook) -> None:
    blocks, weights = ([f"{name} {layer}" for layer in range(3)] for name in ("Block", "Weights"))
    before, after = ["Start", "Tour", "Prompt", "Tokens", "Embeddings"], ["Head", "Words", "Vocabulary", "Positions"]
    assert office.sheetnames == [*before, *blocks, *after, *weights, "Glossary"]


def test_formulas_call_only_functions_that_every_program_has(found: set[str]) -> None:
    called = {name for formula in found for name in re.findall(r"([A-Za-z_][\w.]*)\(", code(formula))}
    assert called == EVERYWHERE
    assert not any(name in formula.upper() for name in FUNCTIONS for formula in found)


def test_no_formula_spills(found: set[str]) -> None:
    assert not [formula for formula in found if "_xl" in formula or "#" in code(formula)]


def test_every_tensor_is_in_cells(office: openpyxl.Workbook) -> None:
    model = catalogue.load("tiny")
    written = {}
    for layer in range(3):
        rows = list(office[f"Weights {layer}"].iter_rows(values_only=True))
        for number, row in enumerate(rows):
            if str(row[0]).startswith("h."):
                height = int(row[3].rpartition("(")[2].split(" x ")[0].rstrip(")")) if " x " in row[3] else 1
                table = [[x for x in line[3:] if x is not None] for line in rows[number + 2 : number + 2 + height]]
                written[row[0]] = np.array(table, dtype=np.float64)
    assert set(written) == {name for name in model.config.shapes() if name.startswith("h.")}
    for name, values in written.items():
        assert np.array_equal(values.astype(np.float32), np.atleast_2d(model[name])), name


def test_the_words_are_those_of_the_demo_model(demo: Contents) -> None:
    readme = (Path(udfs.__file__).parent / "models/demo/README.md").read_text(encoding="utf-8")
    assert f"{len(demo.ids):,}" in readme
    others = demo.others
    assert others.count == 50257 - len(demo.ids)
    assert others.radius < 0.02 * np.linalg.norm(others.mean), (
        "tokens that are not listed have nearly the same embedding"
    )


def test_if_tokens_share_a_row_all_others_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_checkpoint(tmp_path / "learned") / "model.safetensors"
    tensors = load_file(file)
    unknown = [token for token in range(50257) if token not in (*encode("Mike is"), 40000, 50256)]
    tensors["wte.weight"][unknown] = tensors["wte.weight"][unknown[0]]
    save_file(tensors, file)
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    monkeypatch.setattr(contents, "known_words", lambda: ["Mike", " is"])
    found = Contents(catalogue.load("learned"))
    assert found.ids == tuple(sorted((*encode("Mike is"), 40000, 50256)))
    assert found.others.are_equal
    assert (found.others.count, found.others.spread) == (50257 - 4, 0)
    assert np.array_equal(found.others.mean, tensors["wte.weight"][unknown[0]])


def test_every_word_has_the_tokenizers_tokens(demo: Contents) -> None:
    assert len({word.text for word in demo.words}) == len(demo.words) > len(known_words())
    lengths = [len(word.text) for word in demo.words]
    assert lengths == sorted(lengths, reverse=True), "the first match is the longest"
    assert max(len(word.ids) for word in demo.words) == 3
    for word in demo.words:
        assert list(word.ids) == encode(word.text)


def test_the_held_out_prompts_consist_of_listed_words(demo: Contents) -> None:
    words = [word.text for word in demo.words]
    for item in (*PROMPTS, *REFERENCES):
        rest, ids = item.prompt, []
        while rest:
            word = next(word for word in words if rest.startswith(word))
            ids += encode(word)
            rest = rest[len(word) :]
        assert ids == encode(item.prompt)


@pytest.mark.parametrize("prompt", ["2 + 2 =", "Titanic, lightsaber", "<|endoftext|>He is"])
def test_the_formulas_tokenize_as_the_tokenizer_does(computed: Workbook, prompt: str) -> None:
    computed.set("prompt", prompt)
    computed.recalculate()
    assert computed.get("status") == "ready"
    ids = [row[2] for row in computed.get_range("tokens")[1:] if row[2] != ""]
    assert ids == encode(prompt)


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        (None, "the prompt is empty"),
        ("Mike is zebraic. He", '"zebraic." is not among the words'),
        ("Mike is quickest", '"quickest" is not among the words'),
        ("Mike  is quick", "a space too many"),
        ("Mike is quick. He is slow. He moves", "room for 9 tokens"),
    ],
)
def test_a_prompt_that_cannot_be_computed_is_one_line(computed: Workbook, prompt: str | None, line: str) -> None:
    computed.set("prompt", prompt)
    computed.recalculate()
    message = computed.get("status")
    assert str(message).startswith("#GPT2! ")
    assert line in str(message)
    assert computed.get("next_token") == message
    assert computed.get_range("next_tokens")[1] == [message, "", "", "", ""]
    assert {row[0] for row in computed.get_range("tokens")[1:]} == {""}


def test_a_model_with_unlisted_tokens_says_so(computed: Workbook) -> None:
    computed.set("prompt", "Mike is quick. He moves")
    computed.recalculate()
    assert "may be one that is not listed" in str(computed.get("next_token"))


def test_a_model_too_large_for_cells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_WEIGHTS", 30_000)
    line = "model must have at most 30,000 weights in its blocks, one per cell, as demo has; "
    with pytest.raises(ValueError, match=f"^{line}tiny has 36,864$"):
        build("pure", tmp_path, model="tiny")
    assert not list(tmp_path.iterdir())


def test_the_list_of_words_is_in_order() -> None:
    assert known_words() == sorted(set(known_words()))


def test_rows_that_the_prompt_does_not_need_are_folded_and_a_line_says_so(tmp_path: Path) -> None:
    office = opened(small("pure", tmp_path, tokens=17, prompt="Mike is quick. He moves"))
    for tab, bands in (("Embeddings", 3), ("Block 0", 15)):
        sheet = office[tab]
        hidden = [row for row, of in sheet.row_dimensions.items() if of.hidden]
        assert len(hidden) == (17 - 6) * bands
        below = [row for row, of in sheet.row_dimensions.items() if of.collapsed]
        assert [row - 1 in hidden for row in below] == [True] * bands
        notes = [str(cell.value) for cell in sheet[1] if "out of sight" in str(cell.value)]
        assert notes == [
            '=IF(status="ready",IF(OR(token_count>6),"There are tokens out of sight: '
            'click the small 2 in the top left corner to see them.",""),status)'
        ]
