"""The parts that all native charts share: a title, a legend, grid lines, lines with markers."""

from __future__ import annotations

from typing import Any

from xlsxwriter.chart import Chart

from workbook_templates import style as look

GRIDLINES = {"major_gridlines": {"visible": True, "line": {"color": look.RULE}}}


def dress(chart: Chart, title: str, *, legend: bool = True) -> None:
    """Gives a chart its title, and a legend below it unless there is only one series."""
    chart.set_title({"name": title, "name_font": {"size": 12, "color": look.INK}})
    chart.set_legend({"position": "bottom"} if legend else {"none": True})


def line_with_markers(colour: str, width: float) -> dict[str, Any]:
    """The options of a series that is drawn as a line with round markers."""
    marker = {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": colour}}
    return {"line": {"color": colour, "width": width}, "marker": marker}
