"""What stands on the tab Prompt of every workbook with functions, whatever is typed there."""

from __future__ import annotations

from pathlib import Path

import pytest

import udfs
from addin.headless import Workbook
from tests.workbook_templates.messages import message_after
from tests.workbook_templates.test_mri import rows_below
from workbook_templates import build

GUARDED = ("mri", "surgery", "generation", "check")  # which hand the prompt itself to functions


def opened(template: str, folder: Path) -> Workbook:
    workbook = Workbook.open(build(template, folder, model="tiny", tokens=9))
    workbook.recalculate()
    return workbook


@pytest.mark.parametrize("template", GUARDED)
def test_a_blank_prompt_is_empty_also_after_bos(template: str, tmp_path: Path) -> None:
    message_after(opened(template, tmp_path), {"prompt": None, "model_name": "tiny ; bos"}, "the prompt is empty")


def test_token_by_token_bos_alone_can_be_followed(tmp_path: Path) -> None:
    workbook = opened("anatomy", tmp_path)
    workbook.set("prompt", None)
    workbook.set("model_name", "tiny ; bos")
    workbook.recalculate()
    assert workbook.get("status") == "ready"
    assert workbook.get("next_token") == udfs.gpt2_predict("<|endoftext|>", 1, 1, "tiny")[1][1]


def test_a_number_is_a_text_and_not_the_id_of_a_token(tmp_path: Path) -> None:
    workbook = opened("mri", tmp_path)
    workbook.set("prompt", 15496)
    workbook.recalculate()
    written = rows_below(workbook, "Attention", "token", "A:A")
    assert [row[0] for row in written[1:4]] == ["15", "496", None]
    assert workbook.get_range("tokens")[1:3] == [[0, "15", 1314], [1, "496", 37747]]
