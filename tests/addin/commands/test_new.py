"""`gpt2-excel new`."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import udfs
from addin.headless import Workbook
from workbook_templates import TEMPLATES

Run = Callable[..., Result]


@pytest.mark.parametrize(("host", "stored"), [("office", ">_xldudf_GPT2_LINEAR("), ("desktop", ">GPT2_LINEAR(")])
def test_a_template_for_a_host_with_its_values(gpt2_excel: Run, here: Path, host: str, stored: str) -> None:
    result = gpt2_excel("new", "anatomy", "--host", host, "--model", "tiny", "--prompt", "a b c")
    assert result.exit_code == 0, result.output
    name = "1_anatomy.xlsm" if host == "desktop" else "1_anatomy.xlsx"
    assert result.stdout == f"file    {here / name}\n"
    expected = udfs.gpt2_predict("a b c", 1, None, "tiny")[1][1]
    assert Workbook.open(name, functions={}).get("next_token") == expected
    with zipfile.ZipFile(name) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    assert any(stored in sheet for sheet in sheets)


def test_files_are_numbered_and_o_is_written_over(gpt2_excel: Run, here: Path) -> None:
    (here / "1_anatomy.xlsx").write_text("mine")
    (here / "own.xlsx").write_text("old")
    arguments = ("new", "anatomy", "--model", "tiny")
    assert gpt2_excel(*arguments).exit_code == 0
    assert gpt2_excel(*arguments, "-o", "own.xlsx").exit_code == 0
    assert {path.name for path in here.iterdir()} == {"1_anatomy.xlsx", "1_anatomy-2.xlsx", "own.xlsx"}
    assert (here / "1_anatomy.xlsx").read_text() == "mine"
    assert Workbook.open("own.xlsx").get("model_name") == "tiny"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["brain"], 1, f"TEMPLATE must be {' or '.join(TEMPLATES)}, not 'brain'"),
        (["anatomy", "--model", "gpt2-xl"], 3, "gpt2-excel download gpt2-xl"),
        (["anatomy", "--model", "tiny", "-o", "no/x.xlsx"], 1, "--output must lie in a folder that exists"),
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
    with zipfile.ZipFile("1_anatomy.xlsx") as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    linear = '<f t="array" ref="C40:CT42">ORG.GPT2EXCEL.GPT2LINEAR('  # 3 tokens x 96 queries, keys and values
    assert any(linear in sheet for sheet in sheets)
