"""Prints results to a terminal or a pipe: tokens, probabilities with bars, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from udfs.backend import catalogue

if TYPE_CHECKING:
    from addin.commands.edits import Effect
    from addin.commands.outcome import Candidate, Outcome, Token
    from addin.headless import Cell

_BAR_CELLS = 30
_EIGHTHS = " ▏▎▍▌▋▊▉"


def percent(probability: float) -> str:
    """A probability as the workbooks show it: never rounded to 0 or 100 %."""
    if 0 < probability < 0.0005:
        return "<0.1%"
    return ">99.9%" if 0.9995 <= probability < 1 else f"{probability:.1%}"


def console() -> Console:
    """Standard output. In a pipe it has no colours and breaks no lines."""
    made = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = 10_000
    return made


def show_outcome(out: Console, outcome: Outcome) -> None:
    """Prints the model, the tokens, the most likely next tokens, and the chosen one."""
    note = f", {catalogue.DEMO_NOTE}" if outcome.is_demo else ""
    out.print(Text.assemble("model   ", (outcome.model, "bold"), note))
    out.print(_tokens(outcome.tokens))
    out.print()
    out.print(_candidates(outcome.next_tokens, blocks=_knows_blocks(out)), soft_wrap=False)
    out.print()
    out.print(Text.assemble("next    ", (quoted(outcome.next_token), "bold green")))
    if outcome.caveat:
        out.print(Text(f"note    {visible(outcome.caveat)}"))


def show_effect(out: Console, effect: Effect, outcome: Outcome | None) -> None:
    """Prints what was typed, what changed on the edited tabs, and the answer before and after."""
    out.print()
    for label, changes in (("set", effect.typed), ("so", effect.results)):
        for change in changes:
            out.print(Text(f"{label:<8}{change.cell}: {_cell(change.before)} -> {_cell(change.after)}"))
    cells, tabs = sum(effect.tabs.values()), len(effect.tabs)
    out.print(Text(f"changed {cells:,} cell{'s' * (cells != 1)} on {tabs} tab{'s' * (tabs != 1)}"))
    if outcome and effect.answer:
        before, after = effect.answer, outcome.next_tokens[0]
        line = " -> ".join(
            f"{quoted(likeliest.token)} {percent(likeliest.probability)}" for likeliest in (before, after)
        )
        out.print(Text.assemble("answer  ", (line, "bold green" if before.token != after.token else "")))


def _cell(value: Cell) -> str:
    """A cell's value: texts in quotes."""
    if value is None or value == "":
        return "blank"
    if isinstance(value, bool):
        return str(value).upper()
    return quoted(value) if isinstance(value, str) else f"{value:.6g}"


def show_place(out: Console, path: Path) -> None:
    """Prints where the workbook is."""
    out.print(Text(f"file    {path}"))


def quoted(token: str) -> str:
    """A token in quotes, without characters that a terminal would act on."""
    return f'"{visible(token)}"'


def visible(text: str, keep: str = "") -> str:
    """Replaces invisible characters, except those in `keep`, by escapes such as `\\x1b`."""
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode() for char in text
    )


def size(number: float) -> str:
    """A number of bytes in readable units: `12.3 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.2f} GB"


def columns(*headers: str) -> Table:
    """An empty table without borders, as wide as its contents."""
    table = Table(*headers, box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        column.overflow = "fold"
    return table


def bar(share: float, blocks: bool = True) -> str:
    """A bar for a share of 0 to 1, in eighths of a character if the terminal has block characters."""
    if not blocks:
        return "#" * round(share * _BAR_CELLS)
    whole, eighth = divmod(round(share * _BAR_CELLS * 8), 8)
    return ("█" * whole + _EIGHTHS[eighth]).rstrip()


def _tokens(tokens: Sequence[Token]) -> Text:
    line = Text(f"tokens  {len(tokens)}:")
    for number, token in enumerate(tokens):
        line.append(" ")
        line.append(quoted(token.token), "cyan" if number % 2 else "yellow")
    return line


def _candidates(candidates: Sequence[Candidate], blocks: bool) -> Table:
    table = columns("rank", "token", "id", "probability", "")
    for column in (0, 2, 3):
        table.columns[column].justify = "right"
    for row in candidates:
        table.add_row(
            str(row.rank),
            Text(quoted(row.token)),
            str(row.id),
            percent(row.probability),
            Text(bar(row.probability, blocks), "green"),
        )
    return table


def _knows_blocks(out: Console) -> bool:
    try:
        "█▏".encode(out.encoding)
    except UnicodeEncodeError:
        return False
    return True
