"""The values that a file keeps for its charts, which programs show until they draw a chart anew."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from lxml import etree

from udfs.cells import number_text
from workbook_templates.formula.stored import parse_stored
from workbook_templates.formula.tree import Reference

from .grid import Sheet
from .package import Package, escaped, serialized
from .values import Grid, Scalar, XlError, as_grid

_CHART = re.compile(r"xl/charts/chart\d+\.xml")
_NAMESPACE = "http://schemas.openxmlformats.org/drawingml/2006/chart"


def fill_charts(package: Package, sheets: list[Sheet]) -> None:
    """Puts the sheets' values into every chart of the package."""
    by_name = {sheet.name.casefold(): sheet for sheet in sheets}
    for path in filter(_CHART.fullmatch, list(package.parts)):
        root = package.tree(path)
        for cache, cells in list(_caches(root, by_name)):
            _fill(cache, cells)
        package.parts[path] = serialized(root)


def _caches(root: etree._Element, sheets: dict[str, Sheet]) -> Iterator[tuple[etree._Element, Grid]]:
    """Each cache of a chart, and the values of the range that it belongs to."""
    for kind in ("num", "str"):
        for series in root.iter(_tag(f"{kind}Ref")):
            cache = series.find(_tag(f"{kind}Cache"))
            read = parse_stored(series.findtext(_tag("f"), ""))
            sheet = sheets.get((read.sheet or "").casefold()) if isinstance(read, Reference) else None
            if isinstance(read, Reference) and sheet is not None and cache is not None:
                yield cache, as_grid(sheet.read(read.range))


def _fill(cache: etree._Element, cells: Grid) -> None:
    """Replaces the values of one cache. A cache of numbers leaves out everything else."""
    is_text = cache.tag == _tag("strCache")
    for point in cache.findall(_tag("pt")):
        cache.remove(point)
    before = cache.iterchildren(_tag("formatCode"), _tag("ptCount"))
    place = 1 + max(map(cache.index, before), default=-1)
    for number, value in enumerate(np.ravel(cells).tolist()):
        text = _text(value) if is_text or isinstance(value, float) else None
        if text is not None:
            point = etree.Element(_tag("pt"), idx=str(number))
            etree.SubElement(point, _tag("v")).text = escaped(text)
            cache.insert(place, point)
            place += 1


def _text(value: Scalar) -> str | None:
    """A value as a chart shows it; None for a blank."""
    if value is None:
        return None
    if isinstance(value, XlError):
        return str.__str__(value)
    if isinstance(value, bool):
        return str(value).upper()
    return number_text(value) if isinstance(value, float) else value


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"
