"""Prints a workbook's first sheet after its VBA ran in LibreOffice. For a Python with LibreOffice's `uno`.

python3 libreoffice.py PROGRAM FILE PROFILE_FOLDER: prints the rows of shown texts as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import uno  # type: ignore[import-not-found]
from com.sun.star.beans import PropertyValue  # type: ignore[import-not-found]
from com.sun.star.connection import NoConnectException  # type: ignore[import-not-found]

ALWAYS_EXECUTE_NO_WARN = 4
PIPE = f"pipe,name=gpt2-excel-{os.getpid()};urp"


def desktop() -> Any:
    """LibreOffice's desktop, after it has started."""
    context = uno.getComponentContext()
    resolver = context.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", context)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(NoConnectException):
            office = resolver.resolve(f"uno:{PIPE};StarOffice.ComponentContext")
            return office.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", office)
        time.sleep(0.2)
    raise TimeoutError("LibreOffice did not start")


def option(name: str, value: object) -> Any:
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def main(program: str, file: str, profile: str) -> None:
    command = [program, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", "--norestore"]
    office = subprocess.Popen([*command, f"--accept={PIPE};"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = desktop()
    try:
        options = (option("Hidden", True), option("MacroExecutionMode", ALWAYS_EXECUTE_NO_WARN))
        document = running.loadComponentFromURL(Path(file).as_uri(), "_blank", 0, options)
        document.calculateAll()
        sheet = document.Sheets.getByIndex(0)
        cursor = sheet.createCursor()
        cursor.gotoEndOfUsedArea(False)
        rows, columns = cursor.RangeAddress.EndRow + 1, cursor.RangeAddress.EndColumn + 1
        print(json.dumps([[sheet.getCellByPosition(c, r).String for c in range(columns)] for r in range(rows)]))
        document.close(True)
    finally:
        running.terminate()
        office.wait(30)


if __name__ == "__main__":
    main(*sys.argv[1:])
