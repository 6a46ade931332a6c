"""The look that all workbooks share: one palette, each format created once, and what all charts have in common."""

from __future__ import annotations

from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.chart import Chart
from xlsxwriter.format import Format

INK, GREY, LINK, RULE = "#1F2933", "#66727F", "#1F5FA8", "#D3DAE1"
BAND, BAND_INK, ROAD = "#2B4A5E", "#FFFFFF", "#A9C3D3"
INPUT, INPUT_INK = "#FFF2C6", "#7A4B00"
WEIGHT, VALUE, RESULT = "#E9E1F4", "#E4EEF7", "#DDF1E0"
ERROR, ERROR_INK = "#FBE0DD", "#9C1C13"
NEGATIVE, ZERO, POSITIVE = "#6FA3D8", "#FFFFFF", "#E9A15E"
ATTENTION, ATTENTION_HALF = "#4FA08C", "#A7D0C6"

NOTICE = "#A3480F"
FADED, CUT = "#A9B3BD", "#F6E3D0"

FONT, SIZE, SMALL, TINY_SIZE = "Calibri", 11, 10, 7
NUMBER, PERCENT, WHOLE, TINY = "0.000", "0.0%", "0", "0.0E+00"
SCALE = "0.0E+00"  # of weights that are whole numbers
BITS = "0.0"
# Probabilities: those that would round to 0.0% or 100.0% are neither.
PROBABILITY = '[<0.001]"<0.1%";[>=0.9995]">99.9%";0.0%'
PROBABILITY_OR_BLANK = '[>=0.001]0.0%;[>0]"<0.1%";'  # a token that was cut is shown as blank
LOGIT, SHARE = "0.00", "0.00;;"  # a share of exactly 0 is shown as blank
ADDED = "+0.00;-0.00;0.00"
USED, COUNTED = "0.000;-0.000;", "0;;"  # and so is a 0 in rows that no token uses
MINUS_INFINITY = '"-∞";"-∞"'  # cells cannot hold it
SCORE = '[<-1000000000]"-∞";[<0]-0.000;0.000'
RESTORED = "[>=0.005]0.00;[<=-0.005]-0.00;"  # a value that rounds to 0.00 is shown as blank

TITLE_HEIGHT, STRIP_HEIGHT, TEXT_HEIGHT = 26, 22, 32  # of a title row, of a strip, of a row with two lines of text
# The colour of a tab shows what is on it.
TABS = {"input": "#E3B23C", "weight": "#9A7FC7", "value": "#6FA3D8", "result": "#5BAA6C"}
POSITION_WIDTH, TOKEN_WIDTH, CHANNEL_WIDTH = 11.5, 13, 10

# The meaning of each colour, the same on every tab.
LEGEND = {
    "input": ("type here", "Input: type over it."),
    "weight": ("0.123", "Weight: a number learned in training. Change it on the tab Weights."),
    "value": ("1.234", "Value: computed from other cells."),
    "result": ("answer", "Result: the answer that everything leads to."),
    "negative": ("-1.234", "A value below zero in a block: the further below, the bluer."),
    "positive": ("1.234", "A value above zero in a block: the further above, the more orange."),
    "attention": ("0.50", "Attention: the greener, the larger the share. Each row sums to 1."),
    "wrong": (
        "#GPT2! ...",
        "A message in place of a value. It says what is wrong; every cell that depends on it repeats it.",
    ),
}

# Signed numbers: blue below zero, orange above. The percentiles keep one huge channel from bleaching all the others.
SIGNED_SCALE = {
    "type": "3_color_scale",
    "min_type": "percentile",
    "min_value": 2,
    "min_color": NEGATIVE,
    "mid_type": "num",
    "mid_value": 0,
    "mid_color": ZERO,
    "max_type": "percentile",
    "max_value": 98,
    "max_color": POSITIVE,
}
# A bar that fills a cell in proportion to its probability.
PROBABILITY_BARS = {
    "type": "data_bar",
    "data_bar_2010": True,
    "bar_color": ATTENTION,
    "bar_solid": True,
    "min_type": "num",
    "min_value": 0,
    "max_type": "num",
    "max_value": 1,
}
# The share of an answer that a patch restores: blue below 0, orange above, full colour at 1.
RESTORED_SCALE = {
    "type": "3_color_scale",
    "min_type": "num",
    "min_value": -1,
    "min_color": NEGATIVE,
    "mid_type": "num",
    "mid_value": 0,
    "mid_color": ZERO,
    "max_type": "num",
    "max_value": 1,
    "max_color": POSITIVE,
}
# Shares, from white at 0 to green at 1.
SHARE_SCALE = {
    "type": "2_color_scale",
    "min_type": "num",
    "min_value": 0,
    "min_color": ZERO,
    "max_type": "num",
    "max_value": 1,
    "max_color": ATTENTION,
}

GRIDLINES = {"major_gridlines": {"visible": True, "line": {"color": RULE}}}


class Style:
    """The workbook's formats, named after their use. `Style(workbook).input` is the same format each time."""

    def __init__(self, workbook: Workbook) -> None:
        self.workbook = workbook
        boxed = {"border": 1, "border_color": RULE}
        self.title = self._format(font_size=17, bold=True, font_color=BAND)
        self.text = self._format()
        self.note = self._format(font_color=GREY)
        self.aside = self._format(font_color=GREY, indent=1)
        self.note_number = self._format(font_color=GREY, align="left")
        self.bold = self._format(bold=True)
        self.link = self._format(font_color=LINK, underline=1)
        self.heading = self._format(bold=True, bg_color=BAND, font_color=BAND_INK)
        self.subheading = self._format(bold=True, bg_color=RULE)
        self.header = self._format(bold=True, font_color=GREY, bottom=1, bottom_color=GREY, align="left")
        self.header_right = self._format(bold=True, font_color=GREY, bottom=1, bottom_color=GREY, align="right")
        self.header_centred = self._format(bold=True, font_color=GREY, bottom=1, bottom_color=GREY, align="center")
        # For text to the right of numbers, which are right-aligned: the indent keeps them apart.
        self.header_aside = self._format(bold=True, font_color=GREY, bottom=1, bottom_color=GREY, indent=1)
        self.label = self._format(font_size=SMALL, font_color=GREY)
        self.group = self._format(bold=True, font_size=SMALL, font_color=BAND)
        self.channel = self._format(font_size=SMALL, font_color=GREY, num_format=WHOLE, align="right")
        self.position = self._format(font_color=GREY, num_format=WHOLE, align="center")
        self.token = self._format(bold=True, num_format="@")
        self.token_aside = self._format(bold=True, num_format="@", indent=1)
        self.token_wrapped = self._format(num_format="@", text_wrap=True)
        self.number = self._format(num_format=NUMBER)
        self.used_number = self._format(num_format=USED)
        self.score = self._format(num_format=SCORE, align="right")
        self.statistic = self._format(font_color=GREY, num_format=USED)
        self.lowest = self._format(font_color=GREY, num_format='"blue "0.0\\ ;"blue "-0.0\\ ')
        self.highest = self._format(font_color=GREY, num_format='"orange "0.0\\ ')
        self.counted = self._format(num_format=COUNTED)
        self.share = self._format(num_format=SHARE)
        self.whole = self._format(num_format=WHOLE)
        self.input = self._format(
            bg_color=INPUT, font_color=INPUT_INK, align="left", text_wrap=True, locked=False, **boxed
        )
        self.edit_row = self._format(font_color=INPUT_INK, locked=False)
        self.weight = self._format(bg_color=WEIGHT, num_format=NUMBER, **boxed)
        self.scale = self._format(bg_color=WEIGHT, num_format=SCALE, font_color=GREY)
        self.value = self._format(bg_color=VALUE, align="left", text_wrap=True, **boxed)
        self.result = self._format(bg_color=RESULT, bold=True, align="left", text_wrap=True, **boxed)
        self.result_share = self._format(bg_color=RESULT, bold=True, align="left", num_format=PERCENT, **boxed)
        self.result_probability = self._format(
            bg_color=RESULT, bold=True, align="left", num_format=PROBABILITY, **boxed
        )
        self.result_whole = self._format(bg_color=RESULT, bold=True, align="left", num_format=WHOLE, **boxed)
        self.result_logit = self._format(bg_color=RESULT, bold=True, num_format=LOGIT, **boxed)
        self.result_number = self._format(bg_color=RESULT, bold=True, num_format=NUMBER, **boxed)
        self.check = self._format(bg_color=RESULT, bold=True, align="left", num_format=TINY, **boxed)
        self.tick = self._format(bg_color=INPUT, font_color=INPUT_INK, align="center", locked=False, **boxed)
        self.cell = self._format(num_format="@", align="left")
        self.cell_share = self._format(num_format=SHARE, align="center")
        self.cell_percent = self._format(num_format=PROBABILITY, align="center")
        self.cell_number = self._format(num_format=LOGIT, align="center")
        self.cell_restored = self._format(num_format=RESTORED, align="center")
        self.cell_header = self._format(bold=True, font_color=GREY, num_format="@", align="left")
        self.thumbnail = self._format(num_format=";;;", font_size=TINY_SIZE)
        self.thumbnail_label = self._format(font_color=GREY, font_size=TINY_SIZE)
        self.small_weight = self._format(bg_color=WEIGHT, align="right", **boxed)
        self.exercise = self._format(bg_color=VALUE, num_format=LOGIT, align="right", **boxed)
        self.exercise_input = self._format(bg_color=INPUT, font_color=INPUT_INK, align="right", locked=False, **boxed)
        self.mark = self._format(font_size=SMALL, font_color=GREY, align="center", **boxed)
        self.logit = self._format(num_format=LOGIT)
        self.percent = self._format(num_format=PERCENT)
        self.probability = self._format(num_format=PROBABILITY)
        self.wrong_text = self._format(font_color=ERROR_INK)
        self.wrong = self._format(bg_color=ERROR, font_color=ERROR_INK)
        self.negative, self.positive, self.attention = (
            self._format(bg_color=colour, align="left", **boxed) for colour in (NEGATIVE, POSITIVE, ATTENTION_HALF)
        )
        self.value_number = self._format(bg_color=VALUE, align="left", num_format=NUMBER, **boxed)
        self.bits = self._format(font_size=SMALL, font_color=GREY, num_format=BITS, align="left")
        self.probability_or_blank = self._format(num_format=PROBABILITY_OR_BLANK)
        self.wrapped = self._format(text_wrap=True, bottom=1, bottom_color=RULE)
        in_box = {"border": 1, "border_color": BAND, "align": "center"}
        self.map_title = self._format(bold=True, bg_color=ROAD, font_color=BAND, underline=1, **in_box)
        self.map_value = self._format(bg_color=VALUE, shrink=True, **in_box)
        self.map_text = self._format(bg_color=VALUE, border=1, border_color=BAND, indent=1)
        self.map_label = self._format(bold=True, align="right", indent=1)
        self.map_block = self._format(font_size=SMALL, font_color=LINK, underline=1, align="center")
        self.map_attention = self._format(bg_color=ATTENTION_HALF, num_format=ADDED, **in_box)
        self.map_stream = self._format(bg_color=ROAD, bold=True, num_format=ADDED, **in_box)
        self.map_mlp = self._format(bg_color=CUT, num_format=ADDED, **in_box)
        self.arrow = self._format(font_size=16, bold=True, font_color=BAND, align="center")
        self.strip = self._format(font_size=SMALL, font_color=GREY)
        self.notice = self._format(font_color=INK)
        # Runs of characters within a cell.
        self.strip_run = self._format(font_size=SMALL, font_color=GREY)
        self.strip_here = self._format(font_size=SMALL, font_color=BAND, bold=True, underline=1)
        self.notice_label = self._format(bold=True, font_color=NOTICE)
        self.notice_run = self._format(font_color=INK)
        # Formats of texts that explain, as opposed to tokens and typed texts: their words may need a comment.
        self.explanatory = frozenset(
            (
                *(self.text, self.note, self.aside, self.bold, self.heading, self.subheading, self.group, self.label),
                *(self.header, self.header_right, self.header_centred, self.header_aside),
            )
        )
        # For conditional formatting, on top of a cell's own format.
        self.masked = self.workbook.add_format({"font_color": FADED, "num_format": MINUS_INFINITY})
        self.rules = {  # what a band's own format adds to the format of its columns
            "share": self.workbook.add_format({"num_format": SHARE}),
            "whole": self.workbook.add_format({"num_format": WHOLE}),
        }
        self.learned = self.workbook.add_format({"bg_color": WEIGHT})
        self.chosen = self.workbook.add_format({"bg_color": RESULT, "bold": True})
        self.finished = self.workbook.add_format({"bg_color": VALUE, "bold": True})
        self.refused = self.workbook.add_format({"bg_color": ERROR, "font_color": ERROR_INK})
        self.cut_first = self.workbook.add_format({"font_color": FADED})
        self.cut_second = self.workbook.add_format({"bg_color": CUT, "font_color": GREY})
        self.line_above = self.workbook.add_format({"top": 1, "top_color": RULE})
        self.error = self.workbook.add_format({"bg_color": ERROR, "font_color": ERROR_INK})
        self.editable = self.workbook.add_format({"bg_color": INPUT})
        self.invisible = self.workbook.add_format({"font_color": VALUE})
        self.hidden = self.workbook.add_format({"num_format": ";;;"})
        self.edited = self.workbook.add_format({"bg_color": INPUT_INK, "font_color": BAND_INK, "bold": True})

    def _format(self, **properties: Any) -> Format:
        usual = {"font_name": FONT, "font_size": SIZE, "font_color": INK, "valign": "vcenter"}
        return self.workbook.add_format({**usual, **properties})


def between(low: str, high: str, share: float) -> str:
    """The colour that is `share` of the way from `low` to `high`."""
    parts = zip(*(bytes.fromhex(colour[1:]) for colour in (low, high)), strict=True)
    return "#" + bytes(round(a + (b - a) * share) for a, b in parts).hex().upper()


def dress_chart(chart: Chart, title: str, *, legend: bool = True) -> None:
    """Gives a chart its title, and a legend below it unless there is only one series."""
    chart.set_title({"name": title, "name_font": {"size": 12, "color": INK}})
    chart.set_legend({"position": "bottom"} if legend else {"none": True})


def line_with_markers(colour: str, width: float) -> dict[str, Any]:
    """The options of a series that is drawn as a line with round markers."""
    marker = {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": colour}}
    return {"line": {"color": colour, "width": width}, "marker": marker}
