"""Cells that tabs know of each other."""

from __future__ import annotations

LABELS = "Embeddings!$A$8#"  # position and token of every row, spilled once and read by every band
TOKEN_TABLE = "Tokens!$A$7"  # where the table of tokens spills from
