"""The tab Characters: the prompt is cut into words by GPT-2's rule, character by character."""

from __future__ import annotations

from dataclasses import dataclass

from udfs.backend.gpt2.vocabulary import END_OF_TEXT
from udfs.backend.gpt2.vocabulary import END_OF_TEXT_TOKEN as MARK
from workbook_templates.book import Book
from workbook_templates.pure.bpe import BpeTables
from workbook_templates.range import Range
from workbook_templates.sheet import Page

PER_TOKEN = 8  # rows for characters, for each row for tokens
SEPARATOR = "│"  # between the pieces of a word; a prompt with this character is refused
UNKNOWN = "unknown"  # the kind of a character that the formulas do not know

# The columns of the table.
_NUMBER, _CHARACTER, _CODE, _KIND, _MARK, _CONTRACTION, _STARTS, _WORD, _PIECES, _COUNT, _BEFORE, _FIRST_ID = range(12)
_MOST_BYTES = 3
_TITLES = ("number", "character", "code", "kind", "of a mark", "of a 's", "starts", "word", "pieces so far", "bytes")
_SPACES = "OR(AND({0}>=9,{0}<=13),{0}=32,{0}=160)"
_DIGITS = "OR(AND({0}>=48,{0}<=57),{0}=178,{0}=179,{0}=185,AND({0}>=188,{0}<=190))"
_LETTERS = (  # Latin; Hebrew and Arabic; kana, Chinese and Korean
    "OR({0}=170,{0}=181,{0}=186,AND({0}>=192,{0}<=591,{0}<>215,{0}<>247),"
    "AND({0}>=1488,{0}<=1514),AND({0}>=1568,{0}<=1610),AND({0}>=1649,{0}<=1747),"
    "AND({0}>=12353,{0}<=12438),AND({0}>=12449,{0}<=12543,{0}<>12539),"
    "AND({0}>=19968,{0}<=40956),AND({0}>=44032,{0}<=55203))"
)
_SIGNS = (
    "OR({0}<128,AND({0}>=161,{0}<=247),AND({0}>=8208,{0}<=8231),AND({0}>=8240,{0}<=8286),AND({0}>=8352,{0}<=8383),"
    "AND({0}>=12289,{0}<=12292),AND({0}>=12296,{0}<=12320),{0}=12539)"
)
_CASED = "AND({0}>=880,{0}<=1366)"  # Greek, Cyrillic and Armenian, as far as they have capitals


@dataclass(frozen=True)
class Characters:
    """The columns of the tab, a row for each character that there is room for.

    words: the number of the word that a character is in
    pieces: the characters of the word up to this one, with separators between them
    counts, before: how many byte tokens a character is, and how many come before it
    ids: the ids of its byte tokens
    """

    characters: Range
    kinds: Range
    words: Range
    pieces: Range
    counts: Range
    before: Range
    ids: Range


def write_characters(book: Book, tables: BpeTables) -> Characters:
    """Writes the tab."""
    page = Page(book, "Characters", (9, 11, 9, 11, 11, 9, 9, 9, 26, 9, 9, *[9] * _MOST_BYTES))
    page.furniture(
        "Characters",
        (
            "The text is first cut into words, which are tokenized one by one. A word is a run of letters, of digits, "
            "or of signs, with the space before it; and each of 's 't 'm 'd 'll 've 're is a word.",
            "Several spaces are one word, except the last of them, which belongs to what follows. On the right: the "
            "bytes of each character, as tokens.",
        ),
    )
    titles = (*_TITLES, "before", *(f"byte {number}" for number in range(_MOST_BYTES)))
    for column, title in enumerate(titles):
        page.text(page.row, column, title, page.style.header)
    page.row += 1
    first, last = page.row, page.row + PER_TOKEN * book.shape.tokens - 1
    for row in range(first, last + 1):
        _write_row(page, row, first, tables)
    page.sheet.freeze_panes(first, 0)
    page.sheet.print_area(0, 0, last, len(titles) - 1)
    unused = {"type": "formula", "criteria": f'=$B{first + 1}=""', "format": page.style.hidden}
    page.sheet.conditional_format(first, 0, last, len(titles) - 1, unused)

    def columns(first_column: int, last_column: int | None = None) -> Range:
        return Range(page.name, first, first_column, last, last_column or first_column)

    return Characters(
        characters=columns(_CHARACTER),
        kinds=columns(_KIND),
        words=columns(_WORD),
        pieces=columns(_PIECES),
        counts=columns(_COUNT),
        before=columns(_BEFORE),
        ids=columns(_FIRST_ID, _FIRST_ID + _MOST_BYTES - 1),
    )


def _write_row(page: Page, row: int, first: int, tables: BpeTables) -> None:
    """The formulas for one character. `first` is the row of the first character."""
    number, char, code, kind, mark, starts, count = (
        page.at(row, column) for column in (_NUMBER, _CHARACTER, _CODE, _KIND, _MARK, _STARTS, _COUNT)
    )
    is_first = row == first
    page.sheet.write_number(row, _NUMBER, row - first + 1, page.style.position)
    page.static(row, _CHARACTER, _following(number, 0), page.style.token)
    # In a cell with line breaks, LibreOffice has the code 1 for a tab.
    own_code = f"_xlfn.UNICODE({char})"
    page.static(row, _CODE, f'IF({char}="","",IFERROR(IF({own_code}=1,9,{own_code}),65533))', page.style.whole)
    page.static(row, _KIND, f'IF({char}="","",IF({mark}>0,"mark",{_kind(char, code)}))', page.style.text)
    begins = f'IF(EXACT({_following(number, 0, len(MARK))},"{MARK}"),{len(MARK)},0)'
    mark_above = "" if is_first else page.at(row - 1, _MARK)
    page.static(row, _MARK, begins if is_first else f"IF({mark_above}>1,{mark_above}-1,{begins})", page.style.counted)
    contraction, start, pieces = _first_piece(page, row) if is_first else _later_piece(page, row, kind)
    page.static(row, _CONTRACTION, contraction, page.style.counted)
    page.static(row, _STARTS, start, page.style.counted)
    page.static(row, _PIECES, pieces, page.style.token)
    so_far = starts if is_first else f"{page.at(row - 1, _WORD)}+{starts}"
    page.static(row, _WORD, f'IF({char}="","",{so_far})', page.style.whole)
    in_bytes = f"IF({code}<128,1,IF({code}<2048,2,{_MOST_BYTES}))"
    of_mark = f"IF({mark}={len(MARK)},1,0)"
    page.static(row, _COUNT, f'IF({char}="",0,IF({mark}>0,{of_mark},{in_bytes}))', page.style.counted)
    before = "0" if is_first else f"{page.at(row - 1, _BEFORE)}+{page.at(row - 1, _COUNT)}"
    page.static(row, _BEFORE, before, page.style.whole)
    for index, found in enumerate(_byte_ids(code, mark, tables)):
        page.static(row, _FIRST_ID + index, f'IF({count}>{index},{found},"")', page.style.whole)


def _first_piece(page: Page, row: int) -> tuple[str, str, str]:
    """As `_later_piece`, for the first character, which has none above it."""
    char = page.at(row, _CHARACTER)
    return f'IF({char}="\'",{_contraction(page, row)},0)', f'IF({char}="",0,1)', _own_piece(page, row)


def _later_piece(page: Page, row: int, kind: str) -> tuple[str, str, str]:
    """Formulas: how many characters of a contraction are left, whether a word starts, and its pieces so far."""
    char, mark, starts, count = (page.at(row, column) for column in (_CHARACTER, _MARK, _STARTS, _COUNT))
    left, kind_above, char_above, mark_above, pieces_above = (
        page.at(row - 1, column) for column in (_CONTRACTION, _KIND, _CHARACTER, _MARK, _PIECES)
    )
    after = f'AND({kind_above}<>"sign",{char_above}<>" ")'
    own_length = f'IF(AND({char}="\'",{after}),{_contraction(page, row)},0)'
    next_kind = page.at(row + 1, _KIND)
    last_space = f'AND({next_kind}<>"",{next_kind}<>"space",{next_kind}<>"mark")'
    space = f'IF(OR({kind_above}<>"space",{last_space}),1,0)'
    other = f'IF(OR({char_above}=" ",{kind}={kind_above}),0,1)'
    rule = f'IF({kind}="space",{space},{other})'
    forced = f"OR({mark}={len(MARK)},{left}=1,{mark_above}=1)"
    inside = f'OR({char}="",{left}>1,{mark}>0)'
    separator, own = f'IF({count}=0,"","{SEPARATOR}")', _own_piece(page, row)
    return (
        f"IF({left}>1,{left}-1,{own_length})",
        f'IF({char}="",0,IF({forced},1,IF({inside},0,{rule})))',
        f"IF({starts}=1,{own},{pieces_above}&{separator}&{own})",
    )


def _own_piece(page: Page, row: int) -> str:
    """The formula for a character and a separator after each of its bytes but the last."""
    return f'{page.at(row, _CHARACTER)}&REPT("{SEPARATOR}",MAX(0,{page.at(row, _COUNT)}-1))'


def _contraction(page: Page, row: int) -> str:
    """The formula for the length of the contraction that an apostrophe begins; 0 if it begins none."""
    number = page.at(row, _NUMBER)
    one, two = _following(number, 1), _following(number, 1, 2)
    long = f'IF(OR(EXACT({two},"ll"),EXACT({two},"ve"),EXACT({two},"re")),3,0)'
    return f'IF(AND({one}<>"",ISNUMBER(FIND({one},"sdmt"))),2,{long})'


def _following(number: str, offset: int, count: int = 1) -> str:
    """The formula for characters of the prompt after the one with that number."""
    return f"MID(prompt,{number}+{offset},{count})"


def _byte_ids(code: str, mark: str, tables: BpeTables) -> list[str]:
    """Formulas for the ids of the bytes of a character in UTF-8. A mark has one id, of its own."""
    last_byte = f"128+MOD({code},64)"
    values = (
        f"IF({code}<128,{code},IF({code}<2048,192+INT({code}/64),224+INT({code}/4096)))",
        f"IF({code}<2048,{last_byte},128+MOD(INT({code}/64),64))",
        last_byte,
    )
    first, *others = (f"INDEX({tables.byte_ids.there},{value}+1)" for value in values)
    return [f"IF({mark}>0,{END_OF_TEXT},{first})", *others]


def _kind(char: str, code: str) -> str:
    """The formula for the kind of a character. Letters are told by their codes or by having capitals."""
    letter = (
        f"OR({_LETTERS.format(code)},AND(OR({code}<128,{_CASED.format(code)}),NOT(EXACT(UPPER({char}),LOWER({char})))))"
    )
    return (
        f'IF({_SPACES.format(code)},"space",IF({_DIGITS.format(code)},"digit",IF({letter},"letter",'
        f'IF({_SIGNS.format(code)},"sign","{UNKNOWN}"))))'
    )
