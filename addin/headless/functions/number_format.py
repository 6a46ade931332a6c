"""TEXT: a number or a date written by a number format such as `0.00`, `#,##0;(#,##0)` or `yyyy-mm-dd`."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from udfs.cells import number_text

from ..unsupported import NotSupportedError
from ..values import Value
from .arguments import Each, number, single, text
from .calendar import moment
from .number_parsing import parsed_number

_UNKNOWN = "this number format of TEXT"
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<gap>.)|(?P<fill>\*.)|\[(?P<bracket>[^\]]*)\]|(?P<general>General)'
    r"|(?P<ampm>AM/PM|A/P)|(?P<exponent>E[+-])|(?P<digits>[0#?.,]+)|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?)|(?P<rest>.)",
    re.IGNORECASE | re.DOTALL,
)
_COLOURS = frozenset(("BLACK", "BLUE", "CYAN", "GREEN", "MAGENTA", "RED", "WHITE", "YELLOW"))
_EXACT = Context(prec=600)  # digits enough for any number with the most decimals that Excel shows
_PLAIN = frozenset(" $+-/():!^&'~{}<>=@%")  # characters that need no quotes, besides those with a meaning


class Token(NamedTuple):
    kind: str  # "text", "digits", "date", "general", "exponent", "ampm", "elapsed", "percent", "at"
    text: str


def formatted(value: object, number_format: str) -> str:
    """TEXT of a single value. Raises NotSupportedError for formats that are not supported, such as fractions."""
    sections = _sections(number_format)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        found = parsed_number(value)
        if found is None:
            return _of_text(value, sections)
        value = found
    amount = number(value)
    if not number_format:
        return ""
    numeric = [tokens for tokens in sections if not any(token.kind == "at" for token in tokens)] or sections[:1]
    if len(numeric) == 1 or amount > 0 or (amount == 0 and len(numeric) < 3):
        return _of_number(amount, numeric[0])
    if amount < 0:
        return _of_number(-amount, numeric[1])
    return _of_number(amount, numeric[2])


def fixed_decimals(value: float, decimals: int, *, grouped: bool) -> str:
    """The number with so many decimals, ties rounded away from zero; negative `decimals` round before the point."""
    rounded = _rounded(decimal(value), decimals)
    shown = f"{rounded:,.{max(decimals, 0)}f}" if grouped else f"{rounded:.{max(decimals, 0)}f}"
    return shown.removeprefix("-") if not rounded else shown


def decimal(value: float) -> Decimal:
    """The number as Excel shows it, with 15 digits."""
    return Decimal(f"{value:.15g}")


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _EXACT)


@lru_cache(maxsize=1024)
def _sections(number_format: str) -> list[tuple[Token, ...]]:
    """The tokens of the parts of a format, between semicolons that are neither quoted nor escaped."""
    sections: list[str] = []
    start, at, is_quoted = 0, 0, False
    while at < len(number_format):
        character = number_format[at]
        if character == "\\" and not is_quoted:
            at += 1
        elif character == '"':
            is_quoted = not is_quoted
        elif character == ";" and not is_quoted:
            sections.append(number_format[start:at])
            start = at + 1
        at += 1
    sections.append(number_format[start:])
    if len(sections) > 4:
        raise NotSupportedError(_UNKNOWN)
    return [_tokens(section) for section in sections]


def _tokens(section: str) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for match in _TOKEN.finditer(section):
        kind, found = match.lastgroup or "rest", match[0]
        if kind in ("quoted", "escaped"):
            tokens.append(Token("text", match[kind]))
        elif kind == "gap":
            tokens.append(Token("text", " "))
        elif kind == "bracket":
            tokens += _bracket(match["bracket"])
        elif kind == "rest":
            tokens.append(_single(found))
        elif kind == "fill":
            raise NotSupportedError(_UNKNOWN)
        else:
            tokens.append(Token(kind, found))
    return tuple(tokens)


def _bracket(inner: str) -> list[Token]:
    if inner.upper() in _COLOURS:
        return []
    if inner and set(inner.lower()) in ({"h"}, {"m"}, {"s"}):
        return [Token("elapsed", inner.lower())]
    raise NotSupportedError(_UNKNOWN)  # a condition, a locale


def _single(character: str) -> Token:
    if character in ("%", "@"):
        return Token("percent" if character == "%" else "at", character)
    if character in _PLAIN:
        return Token("text", character)
    raise NotSupportedError(_UNKNOWN)


def _of_text(words: str, sections: list[tuple[Token, ...]]) -> str:
    section = sections[3] if len(sections) == 4 else sections[-1]
    if not any(token.kind == "at" for token in section):
        return words
    return "".join(words if token.kind == "at" else token.text for token in section)


def _of_number(amount: float, tokens: tuple[Token, ...]) -> str:
    kinds = {token.kind for token in tokens}
    if kinds & {"date", "elapsed", "ampm"}:
        if "digits" in kinds:
            tokens = tuple(Token("text", t.text) if t.kind == "digits" and t.text in ".," else t for t in tokens)
            if any(t.kind == "digits" for t in tokens):
                raise NotSupportedError(_UNKNOWN)
        return _date(amount, tokens)
    if "general" in kinds:
        pieces = ["General" if token.kind == "general" else token.text for token in tokens]
        sign = "-" if amount < 0 else ""
        return sign + "".join(number_text(abs(amount)) if piece == "General" else piece for piece in pieces)
    if "at" in kinds:
        return "".join(number_text(amount) if token.kind == "at" else token.text for token in tokens)
    if "exponent" in kinds:
        return _scientific(amount, tokens)
    if "digits" not in kinds:
        sign = "-" if amount < 0 else ""
        return sign + "".join(token.text for token in tokens)
    return _digits(amount, tokens)


class _Places(NamedTuple):
    """The digit places of a format, the texts around them, and by how many powers of ten the number is multiplied."""

    before: str
    whole_part: str
    point: str
    decimals: str
    after: str
    power: int


@cache
def _places_of(tokens: tuple[Token, ...]) -> _Places:
    if any(token.text == "/" for token in tokens):
        raise NotSupportedError(_UNKNOWN)  # a fraction
    places = [i for i, token in enumerate(tokens) if token.kind == "digits"]
    if len(places) > 1:
        raise NotSupportedError(_UNKNOWN)
    at = places[0]
    pattern = tokens[at].text
    whole_part, point, decimals = pattern.partition(".")
    if "." in decimals or "," in decimals.rstrip(","):
        raise NotSupportedError(_UNKNOWN)
    commas = len(pattern) - len(pattern.rstrip(",")) if point or whole_part.rstrip(",") else 0
    power = 2 * sum(token.kind == "percent" for token in tokens) - 3 * commas
    whole_part, decimals = (whole_part if point else whole_part.rstrip(",")), decimals.rstrip(",")
    before, after = ("".join(token.text for token in part) for part in (tokens[:at], tokens[at + 1 :]))
    return _Places(before, whole_part, point, decimals, after, power)


def _digits(amount: float, tokens: tuple[Token, ...]) -> str:
    """A number by the digit places of a format. Text between the places stays where it is."""
    places = _places_of(tokens)
    scaled = decimal(amount)
    if places.power:
        scaled = scaled.scaleb(places.power)
    shown = _places(scaled, places.whole_part, places.point, places.decimals)
    return f"{'-' if scaled < 0 else ''}{places.before}{shown}{places.after}"


def _places(value: Decimal, whole_part: str, point: str, decimals: str) -> str:
    """The absolute value by the places before and after the point: `0` always shows a digit, `#` only if it counts, `?`
    shows a space instead."""
    rounded = _rounded(abs(value), len(decimals))
    digits, _, fraction = f"{rounded:f}".partition(".")
    places = whole_part.replace(",", "")
    least = len(places) - places.index("0") if "0" in places else 0
    digits = "" if digits == "0" else digits
    digits = digits.zfill(least) if least else digits
    if "," in whole_part.strip(","):
        head = len(digits) % 3
        groups = ([digits[:head]] if head else []) + [digits[i : i + 3] for i in range(head, len(digits), 3)]
        digits = ",".join(groups)
    elif "?" in places:
        digits = digits.rjust(len(places))
    kept = list(fraction)
    for place in range(len(decimals) - 1, -1, -1):
        if kept[place] != "0" or decimals[place] == "0":
            break
        kept[place] = " " if decimals[place] == "?" else ""
    return digits + point + "".join(kept)


def _scientific(amount: float, tokens: tuple[Token, ...]) -> str:
    kinds = [token.kind for token in tokens]
    mark = kinds.index("exponent")
    if kinds.count("digits") != 2 or "digits" not in kinds[mark + 1 : mark + 2] or mark == 0:
        raise NotSupportedError(_UNKNOWN)
    mantissa, exponent = tokens[mark - 1].text, tokens[mark + 1].text
    whole_part, point, decimals = mantissa.partition(".")
    if kinds[mark - 1] != "digits" or len(whole_part) != 1 or set(exponent) != {"0"} or set(decimals) - {"0", "#"}:
        raise NotSupportedError(_UNKNOWN)
    value = abs(decimal(amount))
    power = value.adjusted() if value else 0
    rounded = _rounded(value.scaleb(-power), len(decimals))
    if rounded >= 10:
        power, rounded = power + 1, rounded / 10
    digits = _places(rounded, "0", point, decimals)
    sign = "-" if power < 0 else tokens[mark].text[1].replace("-", "")
    shown = f"{digits}{tokens[mark].text[0]}{sign}{str(abs(power)).zfill(len(exponent))}"
    before, after = tokens[: mark - 1], tokens[mark + 2 :]
    text_before, text_after = ("".join(token.text for token in part) for part in (before, after))
    return f"{'-' if amount < 0 else ''}{text_before}{shown}{text_after}"


def _date(serial: float, tokens: tuple[Token, ...]) -> str:
    """A date and time; `m` is minutes after hours or before seconds."""
    decimals = max((len(token.text.partition(".")[2]) for token in tokens if token.kind == "date"), default=0)
    when = moment(serial, decimals)
    is_half_day = any(token.kind == "ampm" for token in tokens)
    pieces: list[str] = []
    for at, token in enumerate(tokens):
        if token.kind == "date":
            pieces.append(when.shown(_meaning(tokens, at), half_day=is_half_day))
        elif token.kind == "elapsed":
            pieces.append(when.elapsed(token.text))
        elif token.kind == "ampm":
            pieces.append((("AM", "PM") if len(token.text) > 3 else ("A", "P"))[when.hour >= 12])
        else:
            pieces.append(token.text)
    return "".join(pieces)


def _meaning(tokens: tuple[Token, ...], at: int) -> str:
    """The code of a date token; `n` for minutes."""
    code = tokens[at].text.lower()
    if code[0] != "m" or len(code) > 2:
        return code
    times = [i for i, token in enumerate(tokens) if token.kind in ("date", "elapsed")]
    place = times.index(at)
    before = tokens[times[place - 1]].text.lower() if place else ""
    after = tokens[times[place + 1]].text.lower() if place + 1 < len(times) else ""
    return code.replace("m", "n") if before[:1] == "h" or after[:1] == "s" else code


FUNCTIONS: dict[str, Callable[..., Value]] = {"TEXT": Each(formatted, single, text)}
