"""Excel's error values: their texts, and the codes under which COM passes them."""

from __future__ import annotations

NULL = "#NULL!"
DIV = "#DIV/0!"
VALUE = "#VALUE!"
REF = "#REF!"
NAME = "#NAME?"
NUM = "#NUM!"
NA = "#N/A"
GETTING_DATA = "#GETTING_DATA"
SPILL = "#SPILL!"
CALC = "#CALC!"
UNKNOWN = "#UNKNOWN!"

# The error values that the file format has a code for, by the number of the error in Excel's xlCVError.
_OF_FILES = {2000: NULL, 2007: DIV, 2015: VALUE, 2023: REF, 2029: NAME, 2036: NUM, 2042: NA, 2043: GETTING_DATA}
# Newer errors: a file stores them as text.
_NEWER = {
    2045: SPILL,
    2046: "#CONNECT!",
    2047: "#BLOCKED!",
    2048: UNKNOWN,
    2049: "#FIELD!",
    2050: CALC,
    2051: "#BUSY!",
    2052: "#EXTERNAL!",
    2222: "#PYTHON!",
}
_COM_BASE = -2146828288  # COM passes an error as this number plus the error's own
_COM_CODES = range(_COM_BASE + 2000, _COM_BASE + 2300)
_BY_COM_CODE = {_COM_BASE + number: text for number, text in (_OF_FILES | _NEWER).items()}

WITHOUT_CODE = frozenset(_NEWER.values())
ALL = frozenset(_OF_FILES.values()) | WITHOUT_CODE


def of_com_code(code: int) -> str | None:
    """The error that COM passes as this number; None if the number is not an error code.

    An error newer than this list is `#UNKNOWN!`, so that no formula computes with its code.
    """
    return _BY_COM_CODE.get(code, UNKNOWN) if code in _COM_CODES else None
