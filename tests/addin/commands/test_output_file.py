"""Files are written completely, and overwrite only a file that the user named."""

from __future__ import annotations

from pathlib import Path

import pytest

from addin.commands.output_file import check_output, write_workbook
from addin.errors import AddinError


def test_without_a_name_it_takes_a_free_one(here: Path) -> None:
    places = [write_workbook(lambda draft: draft.write_text("new"), None, "a.xlsx") for _ in range(3)]
    assert [place.name for place in places] == ["a.xlsx", "a-2.xlsx", "a-3.xlsx"]
    assert {path.name for path in here.iterdir()} == {"a.xlsx", "a-2.xlsx", "a-3.xlsx"}


def test_a_named_file_is_overwritten(here: Path) -> None:
    output = here / "a.xlsx"
    output.write_text("old")
    assert write_workbook(lambda draft: draft.write_text("new"), output, "b.xlsx") == output
    assert output.read_text() == "new"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("output", [None, "a.xlsx"])
def test_an_interrupted_write_leaves_nothing(here: Path, error: type[BaseException], output: str | None) -> None:
    (here / "a.xlsx").write_text("old")

    def stop(draft: Path) -> None:
        draft.write_text("half")
        raise error

    with pytest.raises(error):
        write_workbook(stop, Path(output) if output else None, "b.xlsx")
    assert [(path.name, path.read_text()) for path in here.iterdir()] == [("a.xlsx", "old")]


@pytest.mark.parametrize("output", [None, "a.xlsx"])
def test_a_file_that_a_program_has_open_is_left_and_reported(
    here: Path, monkeypatch: pytest.MonkeyPatch, output: str | None
) -> None:
    def held(draft: Path, target: Path) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr("os.replace", held)
    with pytest.raises(AddinError, match=r"is it open in a spreadsheet program\?"):
        write_workbook(lambda draft: draft.write_text("new"), Path(output) if output else None, "b.xlsx")
    assert list(here.iterdir()) == []


def test_a_link_stays_a_link(here: Path) -> None:
    (here / "real.xlsx").write_text("old")
    (here / "link.xlsx").symlink_to("real.xlsx")
    write_workbook(lambda draft: draft.write_text("new"), Path("link.xlsx"), "b.xlsx")
    assert (here / "link.xlsx").is_symlink()
    assert (here / "real.xlsx").read_text() == "new"


@pytest.mark.parametrize(
    ("output", "said"),
    [("a.xls", "must be a file name that ends in .xlsx"), ("folder.xlsx", "is a folder"), ("no/a.xlsx", "exists")],
)
def test_places_that_cannot_be_written(here: Path, output: str, said: str) -> None:
    (here / "folder.xlsx").mkdir()
    with pytest.raises(AddinError, match=said):
        check_output(Path(output))
