"""Opens two workbooks with macros in one LibreOffice. For a Python with LibreOffice's `uno`.

python3 libreoffice.py PROGRAM PROFILE CALLS MACROS ODS: prints the rows of shown texts of the first sheet of CALLS as
JSON, after its VBA ran, and stores MACROS as ODS.
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
SECONDS = 120  # for LibreOffice to start or to end, on a busy machine


def desktop() -> Any:
    """LibreOffice's desktop, after it has started."""
    context = uno.getComponentContext()
    resolver = context.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", context)
    deadline = time.monotonic() + SECONDS
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


def opened(running: Any, file: str) -> Any:
    options = (option("Hidden", True), option("MacroExecutionMode", ALWAYS_EXECUTE_NO_WARN))
    return running.loadComponentFromURL(Path(file).as_uri(), "_blank", 0, options)


def shown(running: Any, file: str) -> list[list[str]]:
    """The texts of the first sheet."""
    document = opened(running, file)
    document.calculateAll()
    sheet = document.Sheets.getByIndex(0)
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    rows, columns = cursor.RangeAddress.EndRow + 1, cursor.RangeAddress.EndColumn + 1
    texts = [[sheet.getCellByPosition(column, row).String for column in range(columns)] for row in range(rows)]
    document.close(True)
    return texts


def store(running: Any, file: str, target: str) -> None:
    document = opened(running, file)
    document.storeToURL(Path(target).as_uri(), (option("FilterName", "calc8"),))
    document.close(True)


def main(program: str, profile: str, calls: str, macros: str, ods: str) -> None:
    command = [program, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", "--norestore"]
    office = subprocess.Popen([*command, f"--accept={PIPE};"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = desktop()
    try:
        store(running, macros, ods)
        print(json.dumps(shown(running, calls)))
    finally:
        running.terminate()
        office.wait(SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
