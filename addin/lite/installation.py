"""The host xlwings Lite: there is nothing to install on this machine, only steps to take in Excel."""

from __future__ import annotations

from collections.abc import Iterator

from addin.lite.web_extension import requirements


def install() -> Iterator[str]:
    """The steps in Excel."""
    yield "xlwings Lite runs inside Excel, so there is nothing to install on this machine"
    yield '1. In Excel: Home, Add-ins, search for "xlwings Lite", Add. This is needed once, and it is free.'
    yield "2. gpt2-excel new anatomy --host lite makes a workbook. Open it in Excel: xlwings Lite's pane opens too."
    yield "3. In the pane: Trust. It loads Python and the functions, the first time in about a minute."
    yield f"xlwings Lite gets the package from PyPI: {requirements().strip()}"


def uninstall() -> Iterator[str]:
    """Nothing was installed."""
    yield "nothing was installed on this machine; in Excel: Home, Add-ins, My Add-ins, xlwings Lite, Remove"


def status() -> Iterator[str]:
    """The package that a workbook makes xlwings Lite install."""
    yield f"nothing to install; a workbook gets {requirements().strip()} from PyPI inside Excel"
