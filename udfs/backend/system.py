"""The one fact about the system that the backend asks for."""

from __future__ import annotations

import sys

# Pyodide, Python compiled for a browser: no threads, no BLAS, no command line, 2 GB of memory.
IN_BROWSER = sys.platform == "emscripten"
