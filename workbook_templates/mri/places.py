"""Cells that tabs know of each other."""

from __future__ import annotations

TOKEN_TABLE = "Tokens!$A$7"  # where the table of tokens spills from
