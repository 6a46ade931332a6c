"""Formulas that depend on the model: demo has features, heads and coefficients of its own."""

from __future__ import annotations


def is_demo() -> str:
    """The condition that the model is demo, with or without surgery."""
    return 'LEFT(model&" ",5)="demo "'


def by_model(demo: str, other: str) -> str:
    """A formula for the default of an input: one value for the model demo, another for all others."""
    return f"IF({is_demo()},{demo},{other})"
