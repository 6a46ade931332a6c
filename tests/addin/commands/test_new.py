"""`gpt2-excel new`."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result

import udfs
from addin.headless import Workbook
from tests.checkpoint_kinds import TOKENIZERS, write_kind
from tests.workbook_templates.files import few_tokens
from workbook_templates import TEMPLATES

Run = Callable[..., Result]


def sheets_of(file: str) -> list[str]:
    """The XML of each sheet."""
    with zipfile.ZipFile(file) as archive:
        return [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]


@pytest.mark.parametrize(
    ("host", "stored"),
    [("office", ",_xldudf_GPT2_LINEAR("), ("lite", ",_xldudf_GPT2_LINEAR("), ("desktop", ",GPT2_LINEAR(")],
)
def test_a_template_for_a_host_with_its_values(gpt2_excel: Run, here: Path, host: str, stored: str) -> None:
    result = gpt2_excel("new", "anatomy", "--host", host, "--model", "tiny", "--tokens", 4, "--prompt", "a b c")
    assert result.exit_code == 0, result.output
    name = "1_anatomy.xlsm" if host == "desktop" else "1_anatomy.xlsx"
    assert result.stdout == f"file    {here / name}\n"
    expected = udfs.gpt2_predict("a b c", 1, None, "tiny")[1][1]
    assert Workbook.open(name, functions={}).get("next_token") == expected
    assert any(stored in sheet for sheet in sheets_of(name))


@pytest.mark.parametrize(
    ("system", "name", "stored"),
    [
        ("win32", "check.xlsm", ">GPT2_BLOCK("),
        ("darwin", "check.xlsx", ">_xldudf_GPT2_BLOCK("),
        ("linux", "check.xlsx", ">ORG.GPT2EXCEL.GPT2BLOCK("),
    ],
)
def test_the_default_host_is_that_of_install(
    gpt2_excel: Run, here: Path, system: str, name: str, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("addin.commands.hosts.sys.platform", system)
        result = gpt2_excel("new", "check", "--model", "tiny", "--tokens", 3)
    assert result.stdout == f"file    {here / name}\n"
    assert any(stored in sheet for sheet in sheets_of(name))


@pytest.mark.parametrize("usual", ["desktop", "calc"])
def test_the_workbook_of_native_formulas_is_the_same_for_every_host(
    gpt2_excel: Run, here: Path, monkeypatch: pytest.MonkeyPatch, usual: str
) -> None:
    built = []

    def record(template: str, file: Path, **options: object) -> None:
        built.append((options["tokens"], options["host"]))
        file.touch()

    monkeypatch.setattr("addin.commands.hosts.usual_host", lambda: usual)
    monkeypatch.setattr("addin.templates.build", record)
    assert gpt2_excel("new", "pure", "--model", "tiny").stdout == f"file    {here / '5_pure_formulas.xlsx'}\n"
    assert built == [(32, "office")]
    monkeypatch.setattr("workbook_templates.pure.contents.MOST_WEIGHTS", 1000)
    assert gpt2_excel("new", "pure", "--model", "tiny", "--tokens", "20").exit_code == 0
    assert gpt2_excel("new", "pure", "--model", "tiny").exit_code == 0
    assert built[1:] == [(20, "office"), (16, "office")], "a large model's tokens take longer"


def test_whole_number_weights(gpt2_excel: Run, here: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        few_tokens(patch)
        patch.setattr("workbook_templates.pure.contents.MOST_WEIGHTS", 1000)
        for bits in ("8", "16"):
            result = gpt2_excel("new", "pure", "--model", "tiny", "--tokens", "4", "--bits", bits, "-o", f"{bits}.xlsx")
            assert result.exit_code == 0
    for bits, most in ((8, 127), (16, 32767)):
        workbook = openpyxl.load_workbook(f"{bits}.xlsx", read_only=True, data_only=True)
        rows = [row[3] for row in workbook["Weights 0"].iter_rows(values_only=True, max_col=4)]
        weights = [row for row in rows if isinstance(row, int)]
        assert most in map(abs, weights)
        assert workbook.calculation.calcMode == "manual"
        assert "Ctrl+Alt+F9" in "".join(str(cell.value) for row in workbook["Start"]["A1:Z9"] for cell in row)
        shown = [cell.value for row in workbook["Prompt"]["B1:B20"] for cell in row]
        assert "Mike is quick. He moves" in shown
        workbook.close()


def test_files_are_numbered_and_o_overwrites(gpt2_excel: Run, here: Path) -> None:
    (here / "check.xlsx").write_text("mine")
    (here / "own.xlsx").write_text("old")
    arguments = ("new", "check", "--host", "office", "--model", "tiny", "--tokens", 3)
    assert gpt2_excel(*arguments).exit_code == 0
    assert gpt2_excel(*arguments, "-o", "own.xlsx").exit_code == 0
    assert {path.name for path in here.iterdir()} == {"check.xlsx", "check-2.xlsx", "own.xlsx"}
    assert (here / "check.xlsx").read_text() == "mine"
    assert Workbook.open("own.xlsx").get("model_name") == "tiny"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["brain"], 1, f"TEMPLATE must be {' or '.join(TEMPLATES)}, not 'brain'"),
        (["anatomy", "--model", "gpt2-xl"], 3, "gpt2-excel download gpt2-xl"),
        (["anatomy", "--model", "tiny", "-o", "no/x.xlsx"], 1, "--output must be in a folder that exists"),
        (["anatomy", "--host", "desktop", "-o", "x.xlsx"], 1, "--output must be a file name that ends in .xlsm, not"),
        (["anatomy", "--host", "abacus"], 2, "abacus"),
    ],
)
def test_wrong_values(gpt2_excel: Run, arguments: list[str], code: int, said: str) -> None:
    result = gpt2_excel("new", *arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_a_template_for_libreoffice(gpt2_excel: Run, here: Path) -> None:
    result = gpt2_excel("new", "anatomy", "--host", "calc", "--model", "tiny", "--tokens", "3")
    assert result.stdout == f"file    {here / '1_anatomy.xlsx'}\n"
    sheets = "".join(sheets_of("1_anatomy.xlsx"))
    arrays = re.findall(
        r'<f t="array" ref="(E\d+):(CV\d+)">IF\(LEN\(A\d+:A\d+\)=0,0,ORG.GPT2EXCEL.GPT2LINEAR\(', sheets
    )
    assert [int(last[2:]) - int(first[1:]) for first, last in arrays] == [2] * 3  # 3 tokens x 96 queries, keys, values


def test_templates_with_gpt2s_formulas_refuse_other_formulas(
    gpt2_excel: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_kind("ReLU", tmp_path / "models" / "relu")
    TOKENIZERS["tokenizer.json"](write_kind("usual", tmp_path / "models" / "own"))
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path / "models"))
    refused = gpt2_excel("new", "anatomy", "--model", "relu", "-o", str(tmp_path / "a.xlsx"))
    assert refused.exit_code == 1
    assert "anatomy writes GPT-2's formulas into cells, and relu has others" in refused.stderr
    pure = gpt2_excel("new", "pure", "--model", "own", "-o", str(tmp_path / "a.xlsx"))
    assert pure.exit_code == 1
    assert "pure holds GPT-2's vocabulary, and own has another" in pure.stderr
    assert gpt2_excel("new", "generation", "--model", "relu", "-o", str(tmp_path / "a.xlsx")).exit_code == 0
