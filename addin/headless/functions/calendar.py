"""Serial numbers of dates: days since 1900, which Excel takes for a leap year as Lotus did."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from ..values import NUM
from .arguments import CellFailureError

LAST_DAY = 2_958_465  # 9999-12-31
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_BEFORE_LEAP_DAY = date(1899, 12, 31)
_AFTER_LEAP_DAY = date(1899, 12, 30)
_LEAP_DAY = 60  # 1900-02-29, which never was


class Moment(NamedTuple):
    """A serial number as a date and a time."""

    year: int
    month: int
    day: int
    weekday: int  # 0 for Sunday
    seconds: Decimal  # since midnight
    total: Decimal  # seconds since serial number 0

    @property
    def hour(self) -> int:
        return int(self.seconds // 3600)

    @property
    def minute(self) -> int:
        return int(self.seconds // 60 % 60)

    @property
    def second(self) -> Decimal:
        return self.seconds % 60

    def shown(self, code: str, *, half_day: bool) -> str:
        """The part of the date that a code of a number format stands for; `n` is minutes."""
        width = len(code.partition(".")[0])
        if code[0] == "y":
            return f"{self.year % 100:02d}" if width <= 2 else f"{self.year:04d}"
        if code[0] == "m" and width > 2:
            name = MONTHS[self.month - 1]
            return name[0] if width == 5 else name[:3] if width == 3 else name
        if code[0] == "d" and width > 2:
            return WEEKDAYS[self.weekday][:3] if width == 3 else WEEKDAYS[self.weekday]
        if code[0] == "s":
            decimals = len(code.partition(".")[2])
            second = f"{self.second:.{decimals}f}"
            return second.zfill(min(width, 2) + (decimals + 1 if decimals else 0))
        hour = (self.hour % 12 or 12) if half_day else self.hour
        value = {"m": self.month, "d": self.day, "h": hour, "n": self.minute}[code[0]]
        return f"{value:0{min(width, 2)}d}"

    def elapsed(self, code: str) -> str:
        """All hours, minutes or seconds since serial number 0."""
        return str(int(self.total // {"h": 3600, "m": 60, "s": 1}[code[0]])).zfill(len(code))


def moment(serial: float, decimals: int = 0) -> Moment:
    """The date and time of a serial number, rounded to so many decimals of a second. Raises CellFailureError."""
    if not 0 <= serial < LAST_DAY + 1:
        raise CellFailureError(NUM)
    total = (Decimal(f"{serial:.15g}") * 86_400).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    days, seconds = int(total // 86_400), total % 86_400
    year, month, day = year_month_day(days)
    return Moment(year, month, day, (days - 1) % 7, seconds, total)


def year_month_day(serial: float) -> tuple[int, int, int]:
    """Year, month and day of a serial number; 0 is 1900-01-00. Raises CellFailureError."""
    days = int(serial // 1)
    if not 0 <= days <= LAST_DAY:
        raise CellFailureError(NUM)
    if days == 0:
        return 1900, 1, 0
    if days == _LEAP_DAY:
        return 1900, 2, 29
    when = (_BEFORE_LEAP_DAY if days < _LEAP_DAY else _AFTER_LEAP_DAY) + timedelta(days)
    return when.year, when.month, when.day


def serial_of(year: int, month: int, day: int) -> int:
    """The serial number of a date whose month and day may be out of range. Raises CellFailureError."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    if not 1900 <= year <= 9999:
        raise CellFailureError(NUM)
    first = (date(year, month, 1) - _AFTER_LEAP_DAY).days
    serial = (first if first > _LEAP_DAY else first - 1) + day - 1
    if not 0 <= serial <= LAST_DAY:
        raise CellFailureError(NUM)
    return serial


def last_day_of(year: int, month: int) -> int:
    """The number of days of a month."""
    if (year, month) == (1900, 2):
        return 29
    following = date(year + month // 12, month % 12 + 1, 1) if (year, month) != (9999, 12) else None
    return (following - timedelta(1)).day if following else 31
