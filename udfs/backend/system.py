"""The facts about the system that the backend depends on."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

# Pyodide, Python compiled for a browser: no threads, no BLAS, no command line, 2 GB of memory.
IN_BROWSER = sys.platform == "emscripten"


@cache
def has_amd_processor() -> bool:
    """Whether the processor is AMD's, by the name that Windows or Linux gives it; False elsewhere."""
    import platform  # imported when needed, so that `import udfs` is quick

    name = platform.processor()
    with suppress(OSError):
        name += Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    return "AuthenticAMD" in name
