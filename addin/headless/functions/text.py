"""Text functions. Lengths and positions count UTF-16 units, as Excel does: an emoji is two."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from udfs.excel_limits import MAX_TEXT

from ..unsupported import NotSupportedError
from ..values import NA, VALUE, Value, as_grid
from .arguments import CellFailureError, Each, limited, number, single, text, truth, whole
from .number_format import fixed_decimals
from .number_parsing import parsed_number

_CONTROL = re.compile("[\x00-\x1f]")


def length(words: str) -> int:
    pairs = 0 if words.isascii() else sum(character > "\uffff" for character in words)
    return len(words) + pairs


def part(words: str, start: int, stop: int) -> str:
    """The units from `start` up to `stop`, counted from 0."""
    if words.isascii() or max(words, default="") <= "\uffff":
        return words[start:stop]
    units = words.encode("utf-16-le", "surrogatepass")
    return units[2 * start : 2 * stop].decode("utf-16-le", "surrogatepass")


def left(words: str, count: float = 1) -> str:
    _check(count >= 0)
    return part(words, 0, int(count))


def right(words: str, count: float = 1) -> str:
    _check(count >= 0)
    units = length(words)
    return part(words, max(units - int(count), 0), units)


def mid(words: str, start: int, count: int) -> str:
    _check(start >= 1 and count >= 0)
    return part(words, start - 1, start - 1 + count)


def find(wanted: str, words: str, start: int = 1) -> int:
    _check(1 <= start <= length(words) + 1)
    rest = part(words, start - 1, length(words))
    at = rest.find(wanted)
    _check(at >= 0)
    return start + length(rest[:at])


def search(wanted: str, words: str, start: int = 1) -> int:
    """SEARCH: ignores case; `?` is any character, `*` any text, `~` before them means the character itself."""
    _check(1 <= start <= length(words) + 1)
    rest = part(words, start - 1, length(words))
    found = wildcards(wanted).search(rest)
    if found is None:
        raise CellFailureError(VALUE)
    return start + length(rest[: found.start()])


@cache
def wildcards(pattern: str) -> re.Pattern[str]:
    """The regular expression for a text with Excel's wildcards."""
    pieces: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "~":
            following = next(characters, "~")
            pieces.append(re.escape(following if following in "?*~" else character + following))
        else:
            pieces.append({"?": ".", "*": ".*"}.get(character) or re.escape(character))
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def replace(words: str, start: int, count: int, new: str) -> str:
    _check(start >= 1 and count >= 0)
    return part(words, 0, start - 1) + new + part(words, start - 1 + count, length(words))


def substitute(words: str, old: str, new: str, which: float | None = None) -> str:
    if which is not None:
        _check(which >= 1)
    if not old:
        return words
    if which is None:
        return words.replace(old, new)
    pieces = words.split(old)
    place = int(which)
    if place >= len(pieces):
        return words
    return old.join(pieces[:place]) + new + old.join(pieces[place:])


def trim(words: str) -> str:
    """TRIM: no spaces at the ends, single spaces between words."""
    return " ".join(word for word in words.split(" ") if word)


def repeat(words: str, count: float) -> str:
    _check(count >= 0)
    _check(int(count) * len(words) <= MAX_TEXT)
    return words * int(count)


def character(code: int) -> str:
    """CHAR: the character of a Windows-1252 code."""
    _check(1 <= code <= 255)
    return bytes([code]).decode("cp1252", "replace") if code not in (129, 141, 143, 144, 157) else chr(code)


def code_of(words: str) -> int:
    _check(bool(words))
    first = words[0]
    return ord(first) if ord(first) < 128 else (first.encode("cp1252", "replace"))[0]


def unicode_character(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:
        raise CellFailureError(NA)
    _check(1 <= code <= 0x10FFFF)
    return chr(code)


def unicode_code(words: str) -> int:
    _check(bool(words))
    return ord(words[0])


def value(words: object) -> float:
    """VALUE: the number that a text stands for."""
    if isinstance(words, bool):
        raise CellFailureError(VALUE)
    return number(words)


def number_value(words: str, decimal: str = ".", group: str = ",") -> float:
    _check(bool(decimal) and bool(group) and decimal[0] != group[0])
    plain = words.replace(" ", "")
    before, mark, after = plain.partition(decimal[0])
    _check(group[0] not in after)
    found = parsed_number(before.replace(group[0], "") + ("." if mark else "") + after) if plain else 0.0
    if found is None:
        raise CellFailureError(VALUE)
    return found


def join(*arguments: Value) -> Value:
    """CONCAT: the texts of all cells."""
    return limited("".join(map(text, _cells(arguments))))


def text_join(delimiter: Value, ignore_empty: Value, *arguments: Value) -> Value:
    """TEXTJOIN: the texts of all cells with a delimiter between them; `ignore_empty` leaves out empty ones."""
    marks = as_grid(delimiter)
    if marks.size > 1:
        raise NotSupportedError("TEXTJOIN with several delimiters")
    texts = [text(cell) for cell in _cells(arguments)]
    if truth(ignore_empty):
        texts = [words for words in texts if words]
    return limited(text(delimiter).join(texts))


def fixed(value: float, decimals: int = 2, without_commas: bool = False) -> str:
    return fixed_decimals(value, decimals, grouped=not without_commas)


def only_text(value: object) -> str:
    """T: the text itself, or an empty text for anything else."""
    return value if isinstance(value, str) else ""


def _cells(arguments: tuple[Value, ...]) -> Iterator[object]:
    for argument in arguments:
        yield from as_grid(argument).reshape(-1).tolist()


def _check(is_right: bool) -> None:
    if not is_right:
        raise CellFailureError(VALUE)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "CHAR": Each(character, whole),
    "CLEAN": Each(lambda words: _CONTROL.sub("", words), text),
    "CODE": Each(code_of, text),
    "CONCAT": join,
    "CONCATENATE": Each(lambda *words: "".join(words), text, more=text),
    "EXACT": Each(lambda first, second: first == second, text, text),
    "FIND": Each(find, text, text, whole, optional=1),
    "FIXED": Each(fixed, number, whole, truth, optional=2),
    "LEFT": Each(left, text, number, optional=1),
    "LEN": Each(length, text),
    "LOWER": Each(str.lower, text),
    "MID": Each(mid, text, whole, whole),
    "NUMBERVALUE": Each(number_value, text, text, text, optional=2),
    "PROPER": Each(str.title, text),
    "REPLACE": Each(replace, text, whole, whole, text),
    "REPT": Each(repeat, text, number),
    "RIGHT": Each(right, text, number, optional=1),
    "SEARCH": Each(search, text, text, whole, optional=1),
    "SUBSTITUTE": Each(substitute, text, text, text, number, optional=1),
    "T": Each(only_text, single),
    "TEXTJOIN": text_join,
    "TRIM": Each(trim, text),
    "UNICHAR": Each(unicode_character, whole),
    "UNICODE": Each(unicode_code, text),
    "UPPER": Each(str.upper, text),
    "VALUE": Each(value, single),
}
