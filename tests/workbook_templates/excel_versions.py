"""The Excel version that introduced each function that a workbook calls; earlier versions show #NAME?.

Source: the version markers of "Excel functions (alphabetical)" on support.microsoft.com. ANCHORARRAY and SINGLE are the
operators `#` and `@` as a file stores them; they came with dynamic arrays.
"""

from __future__ import annotations

_BY_VERSION = {
    2007: (
        "ABS AND AVERAGE CHAR CHOOSE COLUMN COLUMNS CORREL COUNT COUNTA COUNTIF EXACT EXP FIND IF IFERROR "
        "INDEX INT ISBLANK ISERROR ISNA ISNUMBER ISTEXT LARGE LEFT LEN LN LOWER MATCH MAX MID MIN MMULT MOD N "
        "NOT OR PI REPT RIGHT ROW ROWS SEARCH SQRT SUBSTITUTE SUM SUMPRODUCT SUMSQ TANH TEXT TRANSPOSE TRIM "
        "UPPER VALUE VARP VLOOKUP"
    ),
    2013: "IFNA UNICODE",
    2019: "CONCAT IFS MAXIFS MINIFS SWITCH TEXTJOIN",
    2021: "ANCHORARRAY FILTER LET RANDARRAY SEQUENCE SINGLE SORT SORTBY UNIQUE XLOOKUP XMATCH",
    2024: (
        "BYCOL BYROW CHOOSECOLS CHOOSEROWS DROP EXPAND HSTACK LAMBDA MAKEARRAY MAP REDUCE SCAN TAKE TEXTAFTER "
        "TEXTBEFORE TEXTSPLIT TOCOL TOROW VSTACK WRAPCOLS WRAPROWS"
    ),
}
INTRODUCED = {name: version for version, names in _BY_VERSION.items() for name in names.split()}
