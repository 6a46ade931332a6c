"""Functions of dates and times, in the 1900 date system."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..values import NUM, VALUE, Value
from .arguments import CellFailureError, Each, number, text, whole
from .calendar import last_day_of, moment, serial_of, year_month_day
from .number_parsing import parsed_number

_FIRST_WEEKDAY = {1: 0, 2: 1, 3: 1, **{11 + day: (1 + day) % 7 for day in range(7)}}


def date(year: int, month: int, day: int) -> int:
    if not 0 <= year <= 9999:
        raise CellFailureError(NUM)
    return serial_of(year + 1900 if year < 1900 else year, month, day)


def time(hours: int, minutes: int, seconds: int) -> float:
    total = hours * 3600 + minutes * 60 + seconds
    if total < 0 or max(hours, minutes, seconds) > 32_767:
        raise CellFailureError(NUM)
    return total % 86_400 / 86_400


def weekday(serial: float, kind: int = 1) -> int:
    if kind not in _FIRST_WEEKDAY:
        raise CellFailureError(NUM)
    year_month_day(serial)
    return (int(serial) - 1 - _FIRST_WEEKDAY[kind]) % 7 + (0 if kind == 3 else 1)


def months_later(serial: float, months: int) -> int:
    """EDATE: the same day of another month, or that month's last."""
    year, month = _month_later(serial, months)
    return serial_of(year, month, min(year_month_day(serial)[2], last_day_of(year, month)))


def end_of_month(serial: float, months: int) -> int:
    """EOMONTH: the last day of another month."""
    year, month = _month_later(serial, months)
    return serial_of(year, month, last_day_of(year, month))


def _month_later(serial: float, months: int) -> tuple[int, int]:
    """The year and the month that many months after a date."""
    year, month, _ = year_month_day(serial)
    year, month = year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1
    if not 1900 <= year <= 9999:
        raise CellFailureError(NUM)
    return year, month


def _of_text(words: str) -> float:
    found = parsed_number(words) if not words.strip().replace(".", "").isdigit() else None
    if found is None:
        raise CellFailureError(VALUE)
    return found


def _now() -> float:
    now = datetime.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return _today() + (now - midnight).total_seconds() / 86_400


def _today() -> float:
    today = datetime.now()
    return float(serial_of(today.year, today.month, today.day))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "DATE": Each(date, whole, whole, whole),
    "DATEVALUE": Each(lambda words: _of_text(words) // 1, text),
    "DAY": Each(lambda serial: year_month_day(serial)[2], number),
    "DAYS": Each(lambda end, start: int(end) - int(start), number, number),
    "EDATE": Each(months_later, number, whole),
    "EOMONTH": Each(end_of_month, number, whole),
    "HOUR": Each(lambda serial: moment(serial).hour, number),
    "MINUTE": Each(lambda serial: moment(serial).minute, number),
    "MONTH": Each(lambda serial: year_month_day(serial)[1], number),
    "NOW": _now,
    "SECOND": Each(lambda serial: int(moment(serial).second), number),
    "TIME": Each(time, whole, whole, whole),
    "TIMEVALUE": Each(lambda words: _of_text(words) % 1, text),
    "TODAY": _today,
    "WEEKDAY": Each(weekday, number, whole, optional=1),
    "YEAR": Each(lambda serial: year_month_day(serial)[0], number),
}
