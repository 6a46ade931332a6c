"""Links between tabs: to the neighbours, and a strip of all tabs that shows where the reader is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from workbook_templates.sheet import Page
from workbook_templates.stops import START, family

_BETWEEN = "  →  "


def write_navigation(pages: Sequence[Page]) -> None:
    """Links every tab with the tabs before and after it, and writes its strip. The first page is Start."""
    start, *others = pages
    names = [page.name for page in others]
    start.link(*start.strip_at, names[0], "A1", f"Begin here: {names[0]} →")
    for number, page in enumerate(others):
        _link(page, "before", START if number == 0 else names[number - 1])
        if number + 1 < len(names):
            _link(page, "next", names[number + 1])
        _strip(page, list(_strip_of(names, page.name)))


def _link(page: Page, which: str, tab: str) -> None:
    text = "← before" if which == "before" else "next →"
    page.link(*page.neighbours_at[which], tab, "A1", text)


def _strip(page: Page, parts: Sequence[str]) -> None:
    """The tabs in order; this one is in bold."""
    style, pieces = page.style, []
    for number, part in enumerate(parts):
        between = _BETWEEN if number else ""
        if part == page.name:
            pieces += [*([style.strip_run, between] if between else []), style.strip_here, part]
        else:
            pieces += [style.strip_run, between + part]
    page.sheet.write_rich_string(*page.strip_at, *pieces, style.strip)


def _strip_of(names: Sequence[str], here: str) -> Iterator[str]:
    """The names, with neighbours such as `Block 0` and `Block 1` in one part, apart from the tab itself."""
    for (name, is_here), group in groupby(names, lambda tab: (family(tab), tab == here)):
        tabs = list(group)
        numbers = [tab.rpartition(" ")[2] for tab in tabs]
        if is_here or len(tabs) == 1:
            yield tabs[0]
        else:
            yield f"{name} {numbers[0]} to {numbers[-1]}"
