"""The anatomy workbook gives the same cells in every host."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts.recorded_calls import Call, replay

HOSTS = sorted(path.stem.removesuffix("_host") for path in Path(__file__).parent.glob("*_host.py"))

# How far numbers may differ, as a share of the call's largest: without BLAS, products are added in another order.
ROUNDING = {"lite": 1e-6}


@pytest.fixture(scope="module")
def calls(recorded: Callable[[str], list[Call]]) -> list[Call]:
    """The calls of the workbook's formulas."""
    calls = recorded("anatomy")
    assert not [call for call in calls if str(call.rows[0][0]).startswith("#")]
    assert {"GPT2_MODEL", "GPT2_TOKENIZE", "GPT2_LINEAR", "GPT2_WEIGHT", "GPT2_LOGITS"} <= {call.name for call in calls}
    return calls


@pytest.mark.parametrize("host", HOSTS)
def test_the_calls_of_the_anatomy_workbook(host: str, calls: list[Call]) -> None:
    with importlib.import_module(f"tests.hosts.{host}_host").calls() as answer:
        replay(calls, answer, of_largest=ROUNDING.get(host, 0))
