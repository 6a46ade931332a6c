"""What a large workbook takes in a spreadsheet program: time and memory."""

from __future__ import annotations

from math import prod

from udfs.backend.gpt2.config import Config

# In LibreOffice 7.4, on two cores of an AMD EPYC: `python -m tests.benchmarks.pure_large`.
_SECONDS_TO_OPEN = 3.4e-6  # for each weight
_SECONDS_TO_CALCULATE = 0.115e-6  # for each weight of a block and each row for a token
_BYTES = 40  # for each weight

_CALCULATION = (
    "This workbook is large, so it calculates only when you ask for it: press Ctrl+Alt+F9 the first time "
    "(Ctrl+Shift+F9 in LibreOffice), and F9 after a change. Until then it shows a stored answer."
)


def calculation_advice(config: Config, tokens: int) -> tuple[str, str]:
    """How to calculate a large workbook with room for `tokens`, and about how long that takes, as lines for a tab."""
    shapes = config.shapes()
    weights = sum(map(prod, shapes.values()))
    in_blocks = sum(prod(shape) for name, shape in shapes.items() if name.startswith("h."))
    opened, calculated = weights * _SECONDS_TO_OPEN, in_blocks * tokens * _SECONDS_TO_CALCULATE
    return (
        _CALCULATION,
        f"LibreOffice takes about {_duration(opened)} to open it, {_duration(calculated)} to calculate it, and "
        f"{max(1, round(weights * _BYTES / 1e9))} GB of memory (on two cores).",
    )


def _duration(seconds: float) -> str:
    return f"{round(seconds / 60)} minutes" if seconds >= 90 else f"{max(10, round(seconds, -1)):.0f} seconds"
