"""What a workbook declares about each of its tabs. Links, strips, notices and the list on Start are made from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

START, TOUR, GLOSSARY = "Start", "Tour", "Glossary"


class Stop(NamedTuple):
    """A tab, or all tabs `Block 0`, `Block 1`, ... together.

    tab: its name; without the number for several tabs
    about: what it shows, in one sentence for the tab Start
    notice: what to notice on it
    """

    tab: str
    about: str
    notice: str


COMMON = (
    Stop(
        TOUR,
        "A dozen stops through this workbook, with a guess to make at each.",
        "Guess first. What the model does differently from you is where there is something to learn.",
    ),
    Stop(
        GLOSSARY,
        "The words of the field that this workbook uses, in plain English.",
        "Each of these words has a comment in the cell that the link leads to: rest the mouse on the cell.",
    ),
)


def stop_of(tab: str, stops: Sequence[Stop]) -> Stop | None:
    """The declaration of a tab; `Block 3` is declared as `Block`."""
    declared = {stop.tab: stop for stop in (*stops, *COMMON)}
    return declared.get(tab) or declared.get(family(tab))


def family(tab: str) -> str:
    """The name of a tab without a number at its end: `Block` for `Block 3`."""
    name, _, number = tab.rpartition(" ")
    return name if name and number.isdigit() else tab
