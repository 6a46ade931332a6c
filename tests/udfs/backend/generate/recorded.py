"""Results of transformers for a short prompt, recorded by tests/parity/transformers_generation.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parents[3] / "fixtures" / "generation_tiny.json"
FIXTURE: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
IDS: list[int] = FIXTURE["ids"]
