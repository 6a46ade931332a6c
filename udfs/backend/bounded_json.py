"""JSON from a user or a file, with a limit on its nesting.

`json.loads` calls itself for each level of nesting. CPython raises RecursionError at the end of its stack, but in a
browser the stack is smaller and its end stops Python altogether. So the nesting is counted first.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 32  # nested arrays and objects; the project's own texts have 3 levels, a config.json has 4

_STRING_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


def loads(text: str | bytes) -> Any:
    """The value of a JSON text; bytes are UTF-8. Raises ValueError if it is not JSON or nests deeper than `MAX_DEPTH`.

    The limit holds for texts that are not JSON, too.
    """
    decoded = text if isinstance(text, str) else text.decode()
    if decoded.count("[") + decoded.count("{") > MAX_DEPTH and _is_too_deep(decoded):
        raise ValueError(f"JSON must have at most {MAX_DEPTH} nested levels")
    return json.loads(decoded)


def _is_too_deep(text: str) -> bool:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        depth += _STEP.get(match[0], 0)
        if depth > MAX_DEPTH:
            return True
    return False
