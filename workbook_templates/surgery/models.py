"""Formulas that depend on the model: demo has features, heads and coefficients of its own."""

from __future__ import annotations

from workbook_templates.prompt_tab import IS_DEMO


def by_model(demo: str, other: str) -> str:
    """A formula for the default of an input: one value for the model demo, another for all others."""
    return f"IF({IS_DEMO},{demo},{other})"
