"""A column of prompts is one call, and gives a row for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import udfs
from addin.headless import Workbook
from addin.headless.workbook import own_functions

N_PROMPTS = 100


def test_a_column_of_prompts_is_one_call(make: Callable[..., Path]) -> None:
    calls: list[tuple[Any, ...]] = []
    functions = dict(own_functions())
    real = functions["GPT2_PREDICT"]

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return real(*arguments)

    functions["GPT2_PREDICT"] = counted
    prompts = [f"The number {row} is" for row in range(1, N_PROMPTS + 1)]
    cells = {f"A{row}": text for row, text in enumerate(prompts, start=1)}
    book = Workbook.open(make({"Many": {**cells, "B1": f'=GPT2_PREDICT(A1:A{N_PROMPTS},1,1,"demo")'}}), functions)
    book.recalculate()
    assert len(calls) == 1
    assert book.get_range(f"Many!B1:E{N_PROMPTS + 1}") == udfs.gpt2_predict([[text] for text in prompts], 1, 1, "demo")
    book.set("Many!A7", "If today is Tuesday, tomorrow is")
    book.recalculate()
    assert len(calls) == 2
    assert book.get("Many!B8") == " Wednesday"
