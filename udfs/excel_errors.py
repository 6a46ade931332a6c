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

# The error values that the file format has a code for, by the number that COM passes for a cell with that error.
BY_COM_CODE = {
    -2146826288: NULL,
    -2146826281: DIV,
    -2146826273: VALUE,
    -2146826265: REF,
    -2146826259: NAME,
    -2146826252: NUM,
    -2146826246: NA,
    -2146826245: GETTING_DATA,
}
# The error values of dynamic arrays are newer than the file format: a file stores them as text.
WITHOUT_CODE = frozenset({SPILL, CALC})
ALL = frozenset(BY_COM_CODE.values()) | WITHOUT_CODE
