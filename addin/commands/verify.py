"""`gpt2-excel verify`: checks a model against figures that others have published."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from addin.errors import AddinError

if TYPE_CHECKING:
    from udfs.models.gpt2.facts import Fact, LeftOut, Outcome, Value

_MOST_VALUES = 3  # of a fact, shown
_MOST_CHARACTERS = 40  # of a text, shown
_STYLES = {"right": "green", "wrong": "red", "not checked": "yellow"}


@click.command()
@click.argument("model", required=False)
@click.option("--list", "only_list", is_flag=True, help="List the facts and their sources, and check nothing.")
def verify(model: str | None, only_list: bool) -> None:
    """Check a model against published figures.

    MODEL is gpt2 or distilgpt2, whose texts, logits, log-probabilities and patterns other projects have published, or
    demo, which is checked against its own report. By default the default model. A fact about sparse autoencoders is
    checked if the autoencoder has been downloaded.

    The exit code is 0 if no fact is wrong, else 1.

    \b
    gpt2-excel verify gpt2
    gpt2-excel verify --list
    """
    from udfs.backend import catalogue, model_text
    from udfs.models.gpt2 import facts

    text = model or catalogue.default_name()
    name = model_text.parse(text).name or catalogue.default_name()
    known = facts.facts_about(name)
    if not known:
        raise AddinError(f"MODEL must be gpt2, distilgpt2 or demo, whose figures are published, not {text[:60]!r}")
    if only_list:
        _show_list(known, facts.left_out() if name == "gpt2" else ())
        return
    outcomes = _checked(known, text)
    _show(outcomes)
    wrong = sum(outcome.verdict == "wrong" for outcome in outcomes)
    if wrong:
        raise AddinError(f"{name} is not as published: {wrong} of {len(outcomes)} facts are wrong")


def _checked(known: Sequence[Fact], text: str) -> list[Outcome]:
    """The outcomes of all checks, with a progress bar on stderr if that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    from addin.templates import check_model
    from udfs.backend import catalogue
    from udfs.models.gpt2 import facts

    check_model(text)
    loaded, console = catalogue.load(text), Console(stderr=True)
    shown = track(known, "facts", console=console, transient=True, disable=not sys.stderr.isatty())
    return [facts.check(fact, loaded) for fact in shown]


def _show(outcomes: Sequence[Outcome]) -> None:
    from rich.text import Text

    from addin.commands.console import columns, console

    out, table = console(), columns("fact", "about", "source", "expected", "found", "")
    for outcome in outcomes:
        fact, start = outcome.fact, outcome.first_wrong
        expected, found = _values(fact.expected, start), _values(outcome.found, start)
        verdict = Text(outcome.verdict, _STYLES[outcome.verdict])
        table.add_row(fact.kind, _about(fact), fact.source, expected, found, verdict)
    out.print(table, soft_wrap=False)
    counts = {verdict: sum(outcome.verdict == verdict for outcome in outcomes) for verdict in _STYLES}
    out.print("\n" + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))


def _show_list(known: Sequence[Fact], left_out: Sequence[LeftOut]) -> None:
    from addin.commands.console import columns, console

    out, table = console(), columns("source", "fact", "about")
    for fact in sorted(known, key=lambda fact: fact.source):
        table.add_row(fact.source, fact.kind, _about(fact))
    out.print(table, soft_wrap=False)
    out.print(f"\n{len(known)} facts from {len({fact.source for fact in known})} sources")
    for other in left_out:
        out.print(f"left out, because it needs {other.needs}: {other.what} ({other.source})")


def _about(fact: Fact) -> str:
    return _shortened(fact.subject)


def _values(values: Sequence[Value], start: int) -> str:
    """Some values, from the first that differs."""
    shown = [f'"{_shortened(value)}"' if isinstance(value, str) else f"{value:.7g}" for value in values[start:]]
    more = ", ..." if len(shown) > _MOST_VALUES else ""
    return ", ".join(shown[:_MOST_VALUES]) + more


def _shortened(text: str) -> str:
    from addin.commands.console import visible

    shown = visible(text)
    return shown if len(shown) <= _MOST_CHARACTERS else f"{shown[:_MOST_CHARACTERS]}..."
