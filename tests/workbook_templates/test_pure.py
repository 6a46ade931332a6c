"""The workbook of native formulas: functions that every program has, byte-pair encoding, weights in cells.

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
from addin.headless import Workbook
from tests.random_checkpoint import write_checkpoint
from tests.workbook_templates.files import code, few_tokens, formulas_in, opened, small
from tests.workbook_templates.values import recalculated
from udfs.backend import catalogue
from udfs.backend.gpt2.tokenizer import END_OF_TEXT, GPT2, encode
from udfs.cells import FUNCTIONS
from udfs.models.demo.recipe.held_out import PROMPTS, REFERENCES
from workbook_templates import build
from workbook_templates.pure import bpe, contents
from workbook_templates.pure.contents import Bits, Contents, rounded

TOKENS = 9
# Functions of Excel 2013, LibreOffice and Google Sheets.
EVERYWHERE = {
    *("ABS", "AND", "AVERAGE", "COLUMN", "COUNT", "COUNTA", "COUNTIF", "EXACT", "EXP", "FIND", "IF", "IFERROR"),
    *("INDEX", "INT", "ISNUMBER", "LARGE", "LEFT", "LEN", "LOWER", "MATCH", "MAX", "MID", "MIN", "MMULT"),
    *("MOD", "N", "NOT", "OR", "PI", "REPT", "ROW", "SQRT", "SUBSTITUTE", "SUM", "SUMPRODUCT", "TANH", "TEXT"),
    *("TRANSPOSE", "TRIM", "UPPER", "VARP", "_xlfn.UNICODE"),
}


TOKENIZED = (
    *("2 + 2 =", "Titanic, lightsaber", "<|endoftext|>He is", "a <|endoftext|>'s b", "reinjury funology", "   "),
    *("I'd'dd can't've", "''s 's ll'll", "Don'T", " \n\n x  ", "na\u00efve \u201ccaf\u00e9\u201d", "Mike  is quick"),
    *("\u30fb\ud55c \u05e9\u3001", "\u30b0\u30fc\u3001\u4e09\u0633"),
)
REFUSED = {
    None: "the prompt is empty",
    "Mike \u0e01": "do not know character 6 of the prompt",
    "x\U0001f600": "do not know character 2 of the prompt",
    "an uncharacteristically": 'words of 16 letters, and "uncharacteristically" is longer',
    "Mike " * 20: "room for 72 characters, the prompt has 100",
    "Mike is quick. He is slow. He moves": "room for 9 tokens",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook that knows all tokens and merges that its tests need."""
    with pytest.MonkeyPatch.context() as patch:
        few_tokens(patch, *TOKENIZED, *filter(None, REFUSED))
        return build("pure", tmp_path_factory.mktemp("pure"), tokens=TOKENS, model="tiny", host="headless")


@pytest.fixture(scope="module")
def office(path: Path) -> openpyxl.Workbook:
    return opened(path)


@pytest.fixture(scope="module")
def found(path: Path) -> set[str]:
    return set(formulas_in(path))


@pytest.fixture(scope="module")
def computed(path: Path) -> Workbook:
    return recalculated(path)


def test_tabs_are_in_the_order_of_the_computation(office: openpyxl.Workbook) -> None:
    blocks, weights = ([f"{name} {layer}" for layer in range(3)] for name in ("Block", "Weights"))
    before, after = ["Start", "Tour", "Prompt", "Tokens", "Characters", "Merges", "Embeddings"], ["Head", "BPE"]
    assert office.sheetnames == [*before, *blocks, *after, "Vocabulary", "Positions", *weights, "Glossary"]


def test_formulas_call_only_functions_that_every_program_has(found: set[str]) -> None:
    called = {name for formula in found for name in re.findall(r"([A-Za-z_][\w.]*)\(", code(formula))}
    assert called == EVERYWHERE
    assert not any(name in formula.upper() for name in FUNCTIONS for formula in found)


def test_no_formula_spills(found: set[str]) -> None:
    assert not [formula for formula in found if "_xlfn.ANCHORARRAY" in formula or "#" in code(formula)]


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


def test_every_token_and_every_merge_has_a_row() -> None:
    ids = GPT2.vocabulary.ids
    assert list(bpe.known_tokens()) == sorted([*ids.values(), END_OF_TEXT])
    for (left, right, merged), pair in zip(bpe.known_merges(), GPT2.vocabulary.ranks, strict=True):
        assert (left, right, merged) == (ids[pair[0]], ids[pair[1]], ids[b"".join(pair)])
    tables = bpe.bpe_tables()
    assert (tables.ids.height, tables.tokens.height, tables.pairs.height) == (len(ids) + 1, len(ids) + 1, 50_000)


def test_every_token_that_the_demo_model_learned_has_a_row() -> None:
    found = Contents(catalogue.load("demo"))
    readme = (Path(udfs.__file__).parent / "models/demo/README.md").read_text(encoding="utf-8")
    assert f"{len(found.ids):,}" in readme
    assert len(found.others) == 50257 - len(found.ids)
    for item in (*PROMPTS, *REFERENCES):
        assert set(found.ids).issuperset(encode(item.prompt))


def test_if_tokens_share_a_row_all_others_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_checkpoint(tmp_path / "learned") / "model.safetensors"
    tensors = load_file(file)
    learned = sorted({*encode("Mike is"), 40000, 50256})
    shared = tensors["wte.weight"][0].copy()
    tensors["wte.weight"][[token for token in range(50257) if token not in learned]] = shared
    save_file(tensors, file)
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    found = Contents(catalogue.load("learned"))
    assert found.ids == tuple(learned)
    assert len(found.others) == 50257 - len(learned)
    assert np.array_equal(found.other_row[0], shared)


def test_a_model_without_shared_rows_lists_all_tokens() -> None:
    assert Contents(catalogue.load("tiny")).ids == tuple(range(50257))


@pytest.mark.parametrize(("bits", "most"), [(8, 127), (16, 32767)])
def test_rounding_moves_a_weight_by_at_most_half_a_scale(bits: int, most: int) -> None:
    values = np.random.default_rng(0).normal(size=(40, 7)).astype(np.float32)
    values[:, 3] = 0
    for axis in range(2):
        found = rounded(values, bits, axis)
        assert found.scales is not None
        scales = np.expand_dims(found.scales, axis)
        assert np.abs(found.numbers).max() == most
        assert (np.abs(found.numbers * scales - values) <= scales * 0.5001).all()


@pytest.mark.parametrize("prompt", TOKENIZED)
def test_the_formulas_tokenize_as_the_tokenizer_does(computed: Workbook, prompt: str) -> None:
    computed.set("prompt", prompt)
    computed.recalculate()
    assert computed.get("status") == "ready"
    ids = [row[2] for row in computed.get_range("tokens")[1:] if row[2] != ""]
    assert ids == encode(prompt)


@pytest.mark.parametrize(("prompt", "line"), REFUSED.items())
def test_a_prompt_that_cannot_be_computed_is_one_line(computed: Workbook, prompt: str | None, line: str) -> None:
    computed.set("prompt", prompt)
    computed.recalculate()
    message = computed.get("status")
    assert str(message).startswith("#GPT2! ")
    assert line in str(message)
    assert computed.get("next_token") == message
    assert computed.get_range("next_tokens")[1] == [message, "", "", "", ""]
    assert {row[0] for row in computed.get_range("tokens")[1:]} == {""}


def test_an_answer_that_is_not_listed_is_one_line(computed: Workbook, found: set[str]) -> None:
    computed.set("prompt", "Mike is quick. He moves")
    listed = next(formula for formula in found if formula.startswith("MMULT(Vocabulary!"))
    row = int(re.findall(r"\$(\d+)", listed)[1]) + 1  # below the listed tokens on the tab Vocabulary
    answers = []
    for number in (1000, -1000):
        computed.set(f"Vocabulary!D{row}", number)
        computed.recalculate()
        answers.append("may be one that is not listed" in str(computed.get("next_token")))
    assert sorted(answers) == [False, True]


def test_rows_that_the_prompt_does_not_need_are_folded_and_a_line_says_so(tmp_path: Path) -> None:
    office = opened(small("pure", tmp_path, tokens=8, prompt="Mike is quick. He moves"))
    for tab, bands in (("Embeddings", 3), ("Block 0", 15)):
        sheet = office[tab]
        hidden = [row for row, of in sheet.row_dimensions.items() if of.hidden]
        assert len(hidden) == (8 - 6) * bands
        below = [row for row, of in sheet.row_dimensions.items() if of.collapsed]
        assert [row - 1 in hidden for row in below] == [True] * bands
        notes = [str(cell.value) for cell in sheet[1] if "out of sight" in str(cell.value)]
        assert notes == [
            '=IF(status="ready",IF(OR(token_count>6),"Some tokens are out of sight: '
            'click the small 2 in the top left corner to see them.",""),status)'
        ]


@pytest.mark.parametrize("bits", ["8", "16"])
def test_a_large_model_has_rounded_weights_and_stores_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: Bits
) -> None:
    monkeypatch.setattr(contents, "MOST_WEIGHTS", 1000)
    file = small("pure", tmp_path, tokens=3, prompt="Mike is quick", bits=bits)
    stored = openpyxl.load_workbook(file, data_only=True)
    assert [stored["Prompt"].cell(row, 2).value for row in range(1, 20)].count(3) == 2  # its tokens, and the room
    lines = [str(row[1].value) for row in stored["Start"].iter_rows(max_row=5)]
    assert any("press Ctrl+Alt+F9" in line for line in lines)
    assert any("LibreOffice takes about 10 seconds to open it, 10 seconds to calculate it" in line for line in lines)
    sheet = stored["Head"]
    shown = [[cell.value for cell in row[6:10]] for row in sheet.iter_rows() if isinstance(row[6].value, int)]
    computed = recalculated(file)
    found = computed.get_range("next_tokens")[1:]
    assert [row[2] for row in found[:3]] == [row[2] for row in shown[:3]]
    assert np.abs(np.array([row[3] for row in found[:3]]) - [row[3] for row in shown[:3]]).max() < 1e-4
    assert computed.get("next_token") == found[0][1]
