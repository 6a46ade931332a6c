"""Cells that tabs know of each other, and the marks that travel between them."""

from __future__ import annotations

MARK = "#GPT2!"  # begins every message in place of a value
READY = "ready"  # the status of a prompt that can be computed
LABELS = "Embeddings!$A$8#"  # position and token of every row, spilled once and read by every band
TOKEN_TABLE = "Tokens!$A$7"  # where the table of tokens spills from
