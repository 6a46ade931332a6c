"""The marks that travel between tabs."""

from __future__ import annotations

MARK = "#GPT2!"  # begins every message in place of a value
READY = "ready"  # the status of a prompt that can be computed
