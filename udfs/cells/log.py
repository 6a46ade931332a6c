"""The log of bugs: one file, with the traceback that no cell shows."""

from __future__ import annotations

import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

_logger = logging.getLogger("udfs")
_MAX_BYTES = 1_000_000
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(message)s"


def log_path() -> Path:
    """Where a host writes the log: `GPT2_EXCEL_LOG`, or a file in the system's folder for a program's state."""
    from platformdirs import user_state_path

    chosen = os.environ.get("GPT2_EXCEL_LOG")
    return Path(chosen) if chosen else user_state_path("gpt2-excel", appauthor=False) / "gpt2-excel.log"


def log_to_file() -> None:
    """Writes the log to its file from now on. A host calls this when its process starts; importing `udfs` does not.

    The file is created when the first bug is logged. If it cannot be written, functions work without it.
    """
    path = log_path().absolute()
    for handler in [handler for handler in _logger.handlers if isinstance(handler, _LogFile)]:
        if handler.baseFilename == str(path):
            return
        _logger.removeHandler(handler)
        handler.close()
    _logger.addHandler(_LogFile(path))


class _LogFile(RotatingFileHandler):
    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_MAX_BYTES, backupCount=1, encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter(_FORMAT))

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()
