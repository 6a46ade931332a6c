"""How each host stores a formula in the file.

Formulas are written here as a person reads them in Excel: `=GPT2_EDIT(C9#, IF(edits="", "", edits))`. Variables of
LET are single small letters, but neither c nor r, which Excel keeps for itself. Whatever only works with dynamic
arrays is made by a method of `Dialect`, so that a host without them has one place to put something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# The prefix of our functions' names in the file.
_PREFIXES = {"office": "_xldudf_", "desktop": "", "headless": ""}

_TEXTS = re.compile(r'("(?:[^"]|"")*")')
_OURS = re.compile(r"\b(?=GPT2_\w+\()")
_NEWER = re.compile(r"\b(?=(?:DROP|EXPAND|HSTACK|LET|SEQUENCE|SORTBY|TAKE|TEXTJOIN|VSTACK|WRAPROWS)\()")
_VARIABLE = re.compile(r"(?<![\w.'!])(?=[abd-qs-z]\b(?![\w(.'!]))")
_SPILL = re.compile(r"((?:(?:'[^']+'|\w+)!)?\$?[A-Z]{1,3}\$?[1-9]\d*)#")


@dataclass(frozen=True)
class Dialect:
    """One host's way of writing formulas."""

    host: str
    prefix: str

    def formula(self, text: str) -> str:
        """A formula as it is read in Excel, turned into what the file must hold."""
        parts = _TEXTS.split(text)
        return "".join(part if i % 2 else self._code(part) for i, part in enumerate(parts))

    def _code(self, text: str) -> str:
        text = _VARIABLE.sub("_xlpm.", text)
        text = _SPILL.sub(r"_xlfn.ANCHORARRAY(\1)", text)
        return _OURS.sub(self.prefix, _NEWER.sub("_xlfn.", text))

    def body(self, table: str, *, columns: int = 0) -> str:
        """A spilled table without its header row, and without the first, or where negative the last, `columns`."""
        return f"DROP({table},1,{columns})" if columns else f"DROP({table},1)"

    def typed(self, cells: str) -> str:
        """Input cells as an argument of ours: some Excel builds hand over 0 for a blank cell, none does for a text."""
        return f'IF({cells}="","",{cells})'

    def typed_over(self, cells: str, values: str) -> str:
        """The part of a grid of input cells that lies under a spill of values."""
        return f"LET(e,TAKE({cells},ROWS({values}),COLUMNS({values})),{self.typed('e')})"

    def side_by_side(self, squares: Sequence[str], rows: str) -> str:
        """Square spills of `rows` rows next to each other, an empty column after each."""
        return f"HSTACK({','.join(self._with_gap(square, rows, rows) for square in squares)})"

    def titles_side_by_side(self, titles: str, rows: str, count: int) -> str:
        """A column of titles laid over each of `count` squares that `side_by_side` sets next to each other."""
        return f"LET(t,{self._with_gap(f'TRANSPOSE({titles})', '1', rows)},HSTACK({','.join('t' * count)}))"

    def _with_gap(self, array: str, rows: str, columns: str) -> str:
        return f'EXPAND({array},{rows},{columns}+1,"")'


def dialect_of(host: str) -> Dialect:
    """The dialect of a host. Raises ValueError where there is none."""
    if host not in _PREFIXES:
        raise ValueError(f"host must be {' or '.join(_PREFIXES)}, not {host!r}")
    return Dialect(host, _PREFIXES[host])
