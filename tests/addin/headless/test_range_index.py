"""The index of ranges finds what a look at every range finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addin.headless.cell_rows import CellRows
from addin.headless.range_index import RangeIndex
from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS
from workbook_templates.formula.ranges import CellRange


@st.composite
def rects(draw: st.DrawFn) -> CellRange:
    """Ranges of a small sheet, many overlapping; and whole rows and columns."""
    top, left = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    height, width = draw(st.sampled_from([1, 1, 2, 3, 9, 33])), draw(st.sampled_from([1, 1, 2, 5, 32]))
    rect = CellRange(top, left, top + height - 1, left + width - 1)
    whole = draw(st.sampled_from(["", "", "", "rows", "columns"]))
    if whole == "rows":
        return rect._replace(left=1, right=MAX_COLUMNS)
    return rect._replace(top=1, bottom=MAX_ROWS) if whole == "columns" else rect


entries = st.lists(st.tuples(rects(), st.integers(0, 5)), max_size=40, unique=True)


@settings(max_examples=40)  # each has many ranges of every kind
@given(entries, rects(), st.data())
def test_the_index_finds_what_a_scan_finds(known: list[tuple[CellRange, int]], rect: CellRange, data: st.DataObject):
    index: RangeIndex[int] = RangeIndex()
    for where, item in known:
        index.add(where, item)
    assert index.meeting(rect) == {entry for entry in known if entry[0].meets(rect)}
    for where, item in data.draw(st.lists(st.sampled_from(known), unique=True) if known else st.just([])):
        index.remove(where, item)
        known = [entry for entry in known if entry != (where, item)]
    assert index.meeting(rect) == {entry for entry in known if entry[0].meets(rect)}


def test_an_item_may_be_at_several_ranges_but_each_only_once() -> None:
    index: RangeIndex[str] = RangeIndex()
    here, there = CellRange(1, 1, 3, 3), CellRange(2, 2, 9, 9)
    for rect in (here, there, here):
        index.add(rect, "a")
    assert index.meeting(CellRange.cell(2, 2)) == {(here, "a"), (there, "a")}
    index.remove(here, "a")
    assert index.meeting(CellRange.cell(2, 2)) == {(there, "a")}
    with pytest.raises(KeyError):
        index.remove(here, "a")


cells = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=40)


@given(cells, cells, cells, rects())
def test_cell_rows_are_a_set_of_cells(first: list, added: list, removed: list, rect: CellRange) -> None:
    rows = CellRows(first)
    for cell in added:
        rows.add(*cell)
    for cell in removed:
        rows.discard(*cell)
    expected = (set(first) | set(added)) - set(removed)
    found = rows.inside(rect)
    assert sorted(found) == sorted(cell for cell in expected if rect.holds(*cell))
    bounds = rows.bounds()
    assert (bounds is None) == (not expected)
    if bounds is not None:
        tops, lefts = zip(*expected, strict=True)
        assert bounds == CellRange(min(tops), min(lefts), max(tops), max(lefts))
