"""`gpt2-excel run`, on a user's small workbook and on the template."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import Result
from lxml import etree

import udfs
from addin.commands.hosts import HOSTS
from addin.desktop.macro_workbook import add_functions
from addin.headless import Workbook
from tests.addin.command_files import Files
from tests.broken_gelu import BrokenGelu
from udfs.backend.gpt2.tokenizer import encode
from workbook_templates import TEMPLATES

Run = Callable[..., Result]


def read(path: str | Path, cell: str) -> object:
    """The stored value of a cell in a written file."""
    return Workbook.open(path, functions={}).get(cell)


def stored(path: Path) -> list[tuple[str, dict[str, str], str]]:
    """Cell, attributes and text of every formula of a file."""
    found = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet"):
                for cell in etree.fromstring(archive.read(name)).iter("{*}c"):
                    formula = cell.find("{*}f")
                    if formula is not None:
                        found.append(
                            (f"{name} {cell.get('r')}", {**formula.attrib, "cm": cell.get("cm")}, formula.text)
                        )
    return found


def table(probability: str) -> list[str]:
    """Options that replace the table of next tokens with one row of constants."""
    header = zip("EFGHI", ("rank", "token", "id", "logit", "probability"), strict=True)
    row = zip("EFGHI", ("1", "a", "64", "9.5", probability), strict=True)
    cells = [f"Prompt!{column}8={value}" for column, value in header]
    cells += [f"Prompt!{column}9={value}" for column, value in row]
    return [part for cell in cells for part in ("--set", cell)]


def test_a_file_is_recalculated_into_a_new_one(gpt2_excel: Run, workbook: Path, here: Path) -> None:
    before = workbook.read_bytes()
    result = gpt2_excel("run", workbook, "--prompt", "One two three")
    assert result.exit_code == 0, result.output
    assert workbook.read_bytes() == before
    assert [path.name for path in here.iterdir()] == ["mine.xlsx"]
    assert read("mine.xlsx", "Prompt!B3") == "One two three"
    assert result.stdout.splitlines()[1] == 'tokens  3: "One" " two" " three"'
    assert str(here / "mine.xlsx") in result.stdout


def test_a_number_in_the_prompt_cell_is_shown_as_a_spreadsheet_joins_it(gpt2_excel: Run, workbook: Path) -> None:
    result = json.loads(gpt2_excel("run", workbook, "--set", "prompt=1e20", "--json").stdout)
    assert result["prompt"] == "1E+20"
    assert "".join(token["token"] for token in result["tokens"]) == "1E+20"


def test_a_file_in_the_current_folder_is_not_overwritten(gpt2_excel: Run, workbook: Path, here: Path) -> None:
    own = here / "mine.xlsx"
    own.write_bytes(workbook.read_bytes())
    assert gpt2_excel("run", "mine.xlsx").exit_code == 0
    assert {path.name for path in here.iterdir()} == {"mine.xlsx", "mine-2.xlsx"}
    assert own.read_bytes() == workbook.read_bytes()


def test_a_file_named_with_o_is_overwritten(gpt2_excel: Run, workbook: Path) -> None:
    result = gpt2_excel("run", workbook, "--prompt", "New", "-o", workbook)
    assert result.exit_code == 0, result.output
    assert read(workbook, "prompt") == "New"


def test_a_bug_is_one_line_in_the_cell_and_a_traceback_in_the_log(
    gpt2_excel: Run, here: Path, broken_gelu: BrokenGelu
) -> None:
    with xlsxwriter.Workbook(here.parent / "bug.xlsx") as made:
        made.add_worksheet("Sheet").write_dynamic_array_formula("A1", "=_xldudf_GPT2_GELU(1)")
    assert gpt2_excel("run", here.parent / "bug.xlsx").exit_code == 0
    assert read("bug.xlsx", "Sheet!A1") == f"#GPT2! {broken_gelu.line}"
    assert broken_gelu.is_logged()


def test_json_is_all_that_a_script_needs(gpt2_excel: Run, workbook: Path, here: Path) -> None:
    result = json.loads(gpt2_excel("run", workbook, "--json").stdout)
    assert (result["model"], result["prompt"], result["is_demo"]) == ("tiny", "Hello there", False)
    assert [token["id"] for token in result["tokens"]] == encode("Hello there")
    assert [row["rank"] for row in result["next_tokens"]] == list(range(1, 11))
    assert result["next_token"] == result["next_tokens"][0]["token"]
    assert result["file"] == str(here / "mine.xlsx")


def test_ten_bars_for_ten_tokens(gpt2_excel: Run, workbook: Path) -> None:
    lines = gpt2_excel("run", workbook).stdout.splitlines()
    table = lines[lines.index("") + 2 :][:10]
    assert [line.split()[0] for line in table] == [str(rank) for rank in range(1, 11)]
    assert all("%" in line for line in table)
    assert "\x1b" not in "".join(lines)
    assert max(map(len, table)) < 80


def test_set_types_values_into_cells(gpt2_excel: Run, workbook: Path) -> None:
    edits = {"Prompt!H1": "0.25", "Prompt!H2": "TRUE", "Prompt!H3": "=A1", "prompt": "2 + 2 ="}
    options = [part for cell, value in edits.items() for part in ("--set", f"{cell}={value}")]
    result = gpt2_excel("run", workbook, *options, "-o", "out.xlsx")
    assert result.exit_code == 0, result.output
    assert [read("out.xlsx", f"Prompt!H{row}") for row in (1, 2, 3)] == [0.25, True, "=A1"]
    assert '5: "2" " +" " 2" " ="' not in result.stdout
    assert '4: "2" " +" " 2" " ="' in result.stdout


def test_set_replaces_a_formula(gpt2_excel: Run, workbook: Path) -> None:
    result = gpt2_excel("run", workbook, "--set", "Prompt!F3=mine", "--json")
    assert json.loads(result.stdout)["next_token"] == "mine"


def test_set_into_a_filled_cell_names_the_cell_to_type_into(gpt2_excel: Run, files: Files, here: Path) -> None:
    filled = "'Block 1'!E20 is filled by the formula in 'Block 1'!E18: type into 'Block 1'!E26 instead"
    options = ("--model", "tiny", "--prompt", "Mike is quick.", "--tokens", 4, "--for", "office")
    result = gpt2_excel("run", *options, "--set", "Block 1!E20=3.5")
    line = f"gpt2-excel: --set Block 1!E20: {filled}\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", line)
    made = files("new anatomy --host office")
    result = gpt2_excel("run", made, "--set", "Block 1!E20=3.5")
    assert (result.exit_code, result.stderr) == (1, line)
    assert list(here.iterdir()) == []
    assert gpt2_excel("run", made, "--set", "Block 1!E26=3.5", "-o", "edited.xlsx").exit_code == 0
    plain, edited = (Workbook.open(name, functions={}) for name in (made, "edited.xlsx"))
    assert edited.get("next_token") is not None
    assert edited.get_range("next_tokens") != plain.get_range("next_tokens")


def test_an_empty_set_clears_a_cell(gpt2_excel: Run, workbook: Path) -> None:
    assert gpt2_excel("run", workbook, "--set", "Prompt!H1=", "-o", "out.xlsx").exit_code == 0
    assert read("out.xlsx", "Prompt!H1") is None


def test_a_prompt_may_look_like_a_formula_or_an_error(gpt2_excel: Run, workbook: Path) -> None:
    for prompt, count in (("=1+1", 4), ("# Title", 2)):
        result = gpt2_excel("run", workbook, "--prompt", prompt)
        assert result.exit_code == 0, result.output
        assert f"tokens  {count}:" in result.stdout
        assert len(encode(prompt)) == count


def test_an_error_in_a_cell_is_one_line_and_no_file(gpt2_excel: Run, workbook: Path, here: Path) -> None:
    with pytest.raises(ValueError, match="prompt") as error:
        udfs.gpt2_predict(None, 10, None, "tiny")
    for option in (("--set", "prompt="), ("--prompt", "")):
        result = gpt2_excel("run", workbook, *option)
        line = f"gpt2-excel: Prompt!E8: {error.value}\n"
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", line)
    assert list(here.iterdir()) == []


def test_a_workbook_with_macros_keeps_them(gpt2_excel: Run, here: Path) -> None:
    mine = here.parent / "mine.xlsm"
    with xlsxwriter.Workbook(mine) as made:
        made.add_worksheet("Prompt").write_formula("A1", "=1+1")
        add_functions(made)
    assert "--output must be a file name that ends in .xlsm" in gpt2_excel("run", mine, "-o", "out.xlsx").stderr
    assert gpt2_excel("run", mine).exit_code == 0
    with zipfile.ZipFile(mine) as before, zipfile.ZipFile("mine.xlsm") as after:
        assert after.read("xl/vbaProject.bin") == before.read("xl/vbaProject.bin")
        assert after.read("[Content_Types].xml") == before.read("[Content_Types].xml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["brain"], f"TEMPLATE_OR_FILE: must be {' or '.join(TEMPLATES)} or a file, not 'brain'"),
        (["no.xlsx"], "there is no file no.xlsx"),
        (["{mine}", "--set", "Brain!A1=1"], "--set Brain!A1: sheet must be one of Prompt, not Brain"),
        (["{mine}", "--set", "brain=1"], "--set brain: cell must be like Sheet!B7 or a defined name"),
        (["{mine}", "--set", "tokens=1"], "--set tokens: cell must be a single one"),
        (["{mine}", "--set", "Prompt!H1=1e999"], "finite number"),
        (["{mine}", "--set", "Prompt!H1"], "--set must be like"),
        (
            ["{mine}", "--set", "Prompt!E8=x"],
            "columns rank, token, id, logit, probability, not 'x'",
        ),
        (
            ["{mine}", "--set", "Prompt!F9=x"],
            "--set Prompt!F9: Prompt!F9 is filled by the formula in Prompt!E8: ",
        ),
        (["{mine}", *table("x")], "the result must be a number, not 'x'"),
        (["{mine}", *table("TRUE")], "the result must be a number, not True"),
        (["{mine}", "--tokens", "40"], "--tokens works only with a template"),
        (["{mine}", "--for", "office"], "--for works only with a template"),
        (["--for", "office", "--values"], "--for and --values cannot be combined"),
        (["--for", "desktop", "-o", "out.xlsx"], "--output must be a file name that ends in .xlsm"),
        (["{mine}", "--model", "tiny ; fly"], "not 'fly'"),
        (["{mine}", "--model", "tiny ; set h.9.ln_1.bias[0] = 1"], "h.9.ln_1.bias"),
        (["{mine}", "-o", "out.txt"], "--output must be a file name that ends in .xlsx"),
        (["{plain}"], "not an .xlsx workbook"),
        (["{binary}"], "a file must end in .xlsx or .xlsm, and binary.xlsb does not"),
    ],
)
def test_wrong_values_are_one_line(
    gpt2_excel: Run, workbook: Path, here: Path, arguments: list[str], said: str
) -> None:
    files = {"mine": workbook, "plain": here.parent / "plain.xlsx", "binary": here.parent / "binary.xlsb"}
    for name in ("plain", "binary"):
        files[name].write_text("no workbook")
    result = gpt2_excel("run", *(part.format(**files) for part in arguments))
    assert result.exit_code == 1, result.output
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("how", ["option", "cell"])
def test_a_missing_model_is_exit_code_3(gpt2_excel: Run, workbook: Path, how: str) -> None:
    given = ["--model", "gpt2-xl"] if how == "option" else ["--set", "Prompt!B4=gpt2-xl"]
    result = gpt2_excel("run", workbook, *given)
    assert result.exit_code == 3
    assert "gpt2-excel download gpt2-xl fetches it" in result.stderr


def test_a_workbook_without_our_names_is_only_recalculated(gpt2_excel: Run, here: Path) -> None:
    with xlsxwriter.Workbook("other.xlsx") as made:
        made.add_worksheet("S").write_formula("A1", "=1+1")
    result = gpt2_excel("run", "other.xlsx")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"file    {here / 'other-2.xlsx'}\n"
    assert read("other-2.xlsx", "S!A1") == 2
    refused = gpt2_excel("run", "other.xlsx", "--prompt", "x")
    assert refused.exit_code == 1
    assert "--prompt: the workbook has no cell named prompt" in refused.stderr


def test_ctrl_c_leaves_no_partial_file(
    gpt2_excel: Run, workbook: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def save(self: Workbook, path: Path, **how: object) -> None:
        path.write_bytes(b"half")
        written.extend(here.iterdir())
        raise KeyboardInterrupt

    monkeypatch.setattr(Workbook, "save", save)
    result = gpt2_excel("run", workbook)
    assert (result.exit_code, result.stderr) == (130, "gpt2-excel: stopped\n")
    assert len(written) == 1
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("kind", [("--for", "office"), ("--for", "desktop"), ("--values",)], ids=lambda kind: kind[-1])
def test_the_template_shows_the_models_own_next_token(gpt2_excel: Run, here: Path, kind: tuple[str, ...]) -> None:
    prompt = "If today is Tuesday, tomorrow is"
    result = gpt2_excel("run", "--model", "tiny", "--prompt", prompt, "--tokens", 8, "--json", *kind)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    expected = udfs.gpt2_predict(prompt, 10, None, "tiny")[1:]
    assert [row["id"] for row in said["next_tokens"]] == [row[2] for row in expected]
    assert [row["probability"] for row in said["next_tokens"]] == pytest.approx([row[4] for row in expected], rel=1e-4)
    assert [token["id"] for token in said["tokens"]] == encode(prompt)
    file = here / f"1_anatomy{'.xlsm' if 'desktop' in kind else '.xlsx'}"
    assert said["file"] == str(file)
    assert read(file, "next_token") == said["next_token"]


@pytest.mark.parametrize("host", HOSTS)
def test_the_file_of_a_template_lives(gpt2_excel: Run, files: Files, host: str) -> None:
    """It has the formulas of the workbook that `new` makes for the host, and another prompt changes its answer."""
    new, run = files(f"new check --host {host}"), files(f"run check --for {host}")
    assert stored(run) == stored(new)
    said = json.loads(gpt2_excel("run", run, "--prompt", "a b c", "--json").stdout)
    assert said["next_token"] == udfs.gpt2_predict("a b c", 1, None, "tiny")[1][1]


def test_a_file_is_for_the_usual_host(gpt2_excel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("addin.commands.host_file.usual_host", lambda: "calc")
    assert gpt2_excel("run", "check", "--model", "tiny", "--tokens", 7, "-o", "check.xlsx").exit_code == 0
    assert any("ORG.GPT2EXCEL" in formula for _, _, formula in stored("check.xlsx"))


def test_a_template_has_room_for_a_long_prompt(gpt2_excel: Run) -> None:
    prompt = "one two three four five six seven eight nine ten " * 3 + "one two three"
    result = gpt2_excel("run", "check", "--model", "tiny", "--prompt", prompt, "--json")
    assert result.exit_code == 0, result.output
    assert len(json.loads(result.stdout)["tokens"]) == len(encode(prompt)) > 32


def test_a_prompt_longer_than_the_context_is_one_line(gpt2_excel: Run) -> None:
    result = gpt2_excel("run", "--model", "tiny ; bos", "--prompt", "one " * 63 + "two")
    assert result.exit_code == 1
    assert result.stderr == "gpt2-excel: prompt must have at most 64 tokens for tiny, not 65\n"


def test_a_prompt_longer_than_the_requested_rows_is_one_line(gpt2_excel: Run, here: Path) -> None:
    result = gpt2_excel("run", "check", "--model", "tiny", "--prompt", "one two three four", "--tokens", "3")
    assert result.exit_code == 1, result.output
    assert len(result.stderr.splitlines()) == 1
    assert "4" in result.stderr
    assert list(here.iterdir()) == []


def test_a_workbook_for_libreoffice_can_be_recalculated(gpt2_excel: Run, files: Files) -> None:
    result = gpt2_excel("run", files("new anatomy --host calc"), "--prompt", "a b c", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["next_token"] == udfs.gpt2_predict("a b c", 1, None, "tiny")[1][1]
    assert [token["id"] for token in said["tokens"]] == encode("a b c")
    assert len(said["next_tokens"]) == 10


def test_what_cannot_be_calculated_is_named_at_the_end(gpt2_excel: Run, here: Path) -> None:
    book = xlsxwriter.Workbook("other.xlsx")
    sheet = book.add_worksheet("S")
    sheet.write_formula("A1", "=OFFSET(B1,0,0)", value=7)
    sheet.write_formula("A2", "=A1*2", value=14)
    book.close()
    result = gpt2_excel("run", "other.xlsx", "-o", "out.xlsx")
    assert result.exit_code == 0, result.output
    assert (read("out.xlsx", "S!A1"), read("out.xlsx", "S!A2")) == (7.0, 14.0)
    line = "OFFSET in S!A1 cannot be calculated here: 2 formulas keep their values from the file"
    assert result.stderr.splitlines() == [f"note    {line}"]
