"""The numbers that texts stand for, as Excel reads them in US English."""

from __future__ import annotations

import math
import re
from datetime import datetime

from ..unsupported import NotSupportedError

_PLAIN = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](.+))?", re.ASCII)
_TIME = re.compile(r"(\d{1,4}):(\d{2})(?::(\d{2}(?:\.\d*)?))?( ?[AP]M)?", re.IGNORECASE | re.ASCII)
_FRACTION = re.compile(r"(?:(\d+) )?(\d+)/(\d+)", re.ASCII)
# What a person could read as a date depends on the language of Excel: `1/2/2024`, `3-Jan`, `June 2024`.
_LIKE_A_DATE = re.compile(r"\d+[/-]\d+(?:[/-]\d+)?|\d*[ -]?[A-Z]{3,9}[ -]\d+(?:[, -]+\d+)?|\d+[ -][A-Z]{3,9}", re.I)
_EPOCH = datetime(1899, 12, 30)


def parsed_number(text: str) -> float | None:
    """The number that a text stands for: `1,234`, `50%`, `$5`, `(5)`, `1E3`, `2024-01-31`, `12:30`; or None.

    Raises NotSupportedError for a date whose meaning depends on the language of Excel.
    """
    shown = text.strip(" ")
    if not shown:
        return None
    sign = 1.0
    if shown[0] == "(" and shown[-1] == ")" and len(shown) > 2 and shown[1] not in "+-":
        sign, shown = -1.0, shown[1:-1]
    percents = len(shown) - len(shown.rstrip("%"))
    digits = shown.rstrip("% ") if percents == 1 else shown
    for _ in range(2):  # a sign and a currency, in either order
        if digits[:1] in ("+", "-"):
            sign, digits = (-sign if digits[0] == "-" else sign), digits[1:].lstrip(" ")
        elif digits[:1] == "$":
            digits = digits[1:].lstrip(" ")
    if _PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits):
        value = sign * float(digits.replace(",", "")) / (100 if percents == 1 else 1)
        return value if math.isfinite(value) and abs(value) < 1e308 else None
    return _date(text.strip(" "))


def _date(text: str) -> float | None:
    """The serial number of a date, a time or both."""
    if found := _TIME.fullmatch(text):
        return _time(found)
    if found := _DATE.fullmatch(text):
        rest = _TIME.fullmatch(found[4].strip()) if found[4] else None
        try:
            day = float((datetime(int(found[1]), int(found[2]), int(found[3])) - _EPOCH).days)
        except ValueError:
            return None
        time = 0.0 if rest is None else _time(rest)
        return None if day < 61 or time is None or (found[4] and rest is None) else day + time
    if _FRACTION.fullmatch(text) or _LIKE_A_DATE.fullmatch(text):
        raise NotSupportedError("a date written as text")
    return None


def _time(found: re.Match[str]) -> float | None:
    hours, minutes, seconds = int(found[1]), int(found[2]), float(found[3] or 0)
    if minutes > 59 or seconds >= 60 or (found[4] and not 0 < hours <= 12):
        return None
    if found[4]:
        hours = hours % 12 + (12 if "P" in found[4].upper() else 0)
    return (hours * 3600 + minutes * 60 + seconds) / 86_400
