"""What a workbook's `main.py` imports: every function of the registry, and the script that downloads GPT-2.

xlwings Lite finds functions and scripts among the names of `main.py`, by what xlwings' decorators attach to them.
"""

from __future__ import annotations

import xlwings

from addin.lite.download import download
from addin.xlwings_functions import xlwings_function
from udfs.backend.catalogue import HUB_NAMES
from udfs.backend.folders import models_folder
from udfs.backend.gpt2.checkpoint import CONFIG_FILE, WEIGHTS_FILE, open_checkpoint
from udfs.cells import FUNCTIONS


def without_nulls(argument: object) -> object:
    """An argument in which JavaScript's null, Excel's blank cell, is None. Pyodide has an object of its own for it."""
    if isinstance(argument, (list, tuple)):
        return [without_nulls(cell) for cell in argument]
    return None if type(argument).__name__ == "JsNull" else argument


@xlwings.script(include="Start")  # without it, the cells of every tab would be read before the script starts
async def download_gpt2(book: xlwings.Book) -> None:
    """Downloads the real GPT-2 (548 MB) into the files of xlwings Lite. Afterwards type gpt2 into the model cell."""
    await download(HUB_NAMES["gpt2"], (CONFIG_FILE, WEIGHTS_FILE), models_folder() / "gpt2", open_checkpoint)


_functions = {name.lower(): xlwings_function(function, without_nulls) for name, function in FUNCTIONS.items()}
globals().update(_functions)
__all__ = [*_functions, "download_gpt2"]
