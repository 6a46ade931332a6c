"""The tab Prompt, with unusual prompts, in every workbook that calls our functions."""

from __future__ import annotations

from pathlib import Path

import pytest

import udfs
from addin.headless import Workbook
from tests.workbook_templates.messages import message_after
from tests.workbook_templates.values import recalculated, rows_below
from workbook_templates import build

GUARDED = ("mri", "surgery", "generation", "check")  # whose functions take the prompt's text


def opened(template: str, folder: Path) -> Workbook:
    return recalculated(build(template, folder, model="tiny", tokens=9))


@pytest.mark.parametrize("template", GUARDED)
def test_a_blank_prompt_is_a_message_even_with_bos(template: str, tmp_path: Path) -> None:
    message_after(opened(template, tmp_path), {"prompt": None, "model_name": "tiny ; bos"}, "the prompt is empty")


def test_the_anatomy_workbook_can_follow_bos_alone(tmp_path: Path) -> None:
    workbook = opened("anatomy", tmp_path)
    workbook.set("prompt", None)
    workbook.set("model_name", "tiny ; bos")
    workbook.recalculate()
    assert workbook.get("status") == "ready"
    assert workbook.get("next_token") == udfs.gpt2_predict("<|endoftext|>", 1, 1, "tiny")[1][1]


def test_a_number_is_text_and_not_a_token_id(tmp_path: Path) -> None:
    workbook = opened("mri", tmp_path)
    workbook.set("prompt", 15496)
    workbook.recalculate()
    written = rows_below(workbook, "Attention", "token", "A:A")
    assert [row[0] for row in written[1:4]] == ["15", "496", None]
    assert workbook.get_range("tokens")[1:3] == [[0, "15", 1314], [1, "496", 37747]]
