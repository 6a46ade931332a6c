"""One host recalculates one workbook. `tests.benchmarks.hosts` runs this file once for each host and checkout.

    python one_host.py JOB TEMPLATE MODEL FOLDER ROUNDS

JOB is a host, or `record`. `record` recalculates the workbook without a spreadsheet program and writes the calls that
each edit causes to FOLDER. A host makes its edits when it reads a line with the number of a round, and answers with a
line of JSON: the seconds of each edit. The first line that it writes has what happened before.

This file and `bare_page.py` import everything else from the checkout in which they are started, so they can measure an
earlier version.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from addin.headless import Workbook
from tests.addin.office.running import cells, running
from tests.hosts import desktop_host, pywin32
from tests.hosts.calc_host import calc
from udfs.cells import FUNCTIONS
from workbook_templates import build

sys.path.append(str(Path(__file__).parent))
from bare_page import BarePage  # an earlier version has none

if TYPE_CHECKING:  # an earlier version has it elsewhere
    from addin.headless.formula import Formula

PROMPTS = (  # each of ten tokens; the first round is not counted
    "Lily is slow. She goes slowly to the house",
    "Mike is quick. He moves quickly to the door",
    "If today is Tuesday, then the day after is",
    "Anna is slow. She walks slowly to the door",
    "2 + 2 = 4 and 3 + 3 =",
)
VALUES = (2.5, 1.5, -2.5, 3.5, None)  # for a cell among the edits of a block
PROMPT = "another prompt"
TAB_OF = {f"a value in {tab}": tab for tab in ("Block 1", "Block 6")}  # where an edit types a value
OPEN, FIRST, SAVE = "open", "first recalculation", "save"
_CALLS = "calls.pickle"
_LABELS, _EDITS = "B1:B100", "your edits"  # where the cells for edits are found


@dataclass(frozen=True)
class Call:
    """One call of a cell function: its name, the raw cells of its arguments, and the number of cells of its result."""

    name: str
    arguments: tuple[Any, ...]
    n_results: int


Waves = list[list[Call]]  # the calls of a wave depend only on calls of earlier waves, so Excel starts them together
Seconds = dict[str, float]  # by step
Host = Iterator[tuple[Seconds, Callable[[int], Seconds]]]  # what happened before, and a function that plays a round


def edits_of(tabs: Sequence[str], number: int) -> dict[str, str | float | None]:
    """The value of each edit of a round, in a workbook with these tabs."""
    edits: dict[str, str | float | None] = {PROMPT: PROMPTS[number]}
    return edits | {edit: VALUES[number] for edit, tab in TAB_OF.items() if tab in tabs}


def cell_for_edits(labels: Sequence[Sequence[object]]) -> str:
    """A cell of a block's tab that replaces a value, found by the labels in column B."""
    return f"F{1 + [label for (label,) in labels].index(_EDITS) + 3}"


def type_into(book: Workbook, edit: str, value: str | float | None) -> None:
    """Makes an edit, without recalculation."""
    if edit == PROMPT:
        book.set("prompt", value)
    else:
        tab = TAB_OF[edit]
        book.set(f"{tab}!{cell_for_edits(book.get_range(f'{tab}!{_LABELS}'))}", value)


def seconds(work: Callable[[], object]) -> float:
    """The wall time of one call."""
    start = perf_counter()
    work()
    return perf_counter() - start


def record(template: str, model: str, folder: Path, n_rounds: int) -> None:
    """Writes the waves of calls of each edit of each round."""
    recorder = Recorder(build(template, folder, host="headless", model=model))
    rounds = [
        {name: recorder.calls_of(name, value) for name, value in edits_of(recorder.tabs, number).items()}
        for number in range(n_rounds)
    ]
    (folder / _CALLS).write_bytes(pickle.dumps(rounds))
    _say({name: _size(waves) for name, waves in rounds[-1].items()})


def _size(waves: Waves) -> list[int]:
    """The numbers of waves, of calls, of cells sent to Python, and of cells sent back."""
    calls = [call for wave in waves for call in wave]
    sent = sum(np.size(argument) for call in calls for argument in call.arguments)
    return [len(waves), len(calls), sent, sum(call.n_results for call in calls)]


class Recorder:
    """Recalculates a workbook and keeps the calls of its formulas."""

    def __init__(self, file: Path) -> None:
        self._calls: dict[Formula | None, list[Call]] = {}
        self._formula: Formula | None = None
        book = Workbook.open(file, {name: self._recording(name) for name in FUNCTIONS})
        self._book, self._engine = book, book._engine
        evaluate = self._engine._evaluate

        def noting(formula: Formula, circular: bool) -> Any:  # another checkout may have another engine
            self._formula = formula
            self._calls.pop(formula, None)  # a formula that is evaluated twice counts once
            return evaluate(formula, circular)

        self._engine._evaluate = noting
        book.recalculate()
        self.tabs = book.sheet_names

    def calls_of(self, edit: str, value: str | float | None) -> Waves:
        """The calls that an edit causes."""
        self._calls.clear()
        type_into(self._book, edit, value)
        self._book.recalculate()
        return self._waves()

    def _recording(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            result = FUNCTIONS[name].answer(arguments)
            n_results = result.size if isinstance(result, np.ndarray) else sum(map(len, result))
            self._calls.setdefault(self._formula, []).append(Call(name, arguments, n_results))
            return result

        return call

    def _waves(self) -> Waves:
        """The calls in as few waves as the dependencies of their formulas allow."""
        engine = self._engine
        formulas = [formula for sheet in engine.sheets for formula in sheet.formulas.values()]
        readers = {formula: engine._dependants(formula, formula.rect) for formula in formulas}
        waiting = dict.fromkeys(formulas, 0)
        for formula in formulas:
            for reader in readers[formula]:
                waiting[reader] += 1
        ready, first_wave = [formula for formula in formulas if not waiting[formula]], dict.fromkeys(formulas, 0)
        waves: Waves = []
        while ready:
            formula = ready.pop()
            wave = first_wave[formula]
            for call in self._calls.get(formula, ()):
                waves.extend([] for _ in range(wave + 1 - len(waves)))
                waves[wave].append(call)
                wave += 1
            for reader in readers[formula]:
                first_wave[reader] = max(first_wave[reader], wave)
                waiting[reader] -= 1
                if not waiting[reader]:
                    ready.append(reader)
        assert not any(waiting.values()), "the workbook has a circular reference"
        return waves


@contextmanager
def headless(template: str, model: str, folder: Path) -> Host:
    """The whole recalculation in Python, formulas of the spreadsheet's own included."""
    opened: list[Workbook] = []
    file = build(template, folder, host="headless", model=model)
    before = {OPEN: seconds(lambda: opened.append(Workbook.open(file)))}
    (book,) = opened
    before[FIRST] = seconds(book.recalculate)
    before[SAVE] = seconds(lambda: book.save(folder / "saved.xlsx"))

    def edited(edit: str, value: str | float | None) -> float:
        type_into(book, edit, value)
        return seconds(book.recalculate)

    tabs = book.sheet_names
    yield before, lambda number: {name: edited(name, value) for name, value in edits_of(tabs, number).items()}


@contextmanager
def office(template: str, model: str, folder: Path) -> Host:
    """The page's own script in chromium, a real server, HTTPS. The page starts all calls of a wave in one tick."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs chromium (apt-get install chromium)")
    with ExitStack() as stack:
        server = stack.enter_context(running(folder))
        script = Path("tests/addin/office/fake_office.js")
        page = stack.enter_context(closing(BarePage(chromium, f"{server.settings.url}/taskpane.html", script)))
        page.wait_for("document.querySelector('#functions li')")

        def replay(waves: Waves) -> float:
            page.evaluate("n_waves => { window.waves = Array.from({ length: n_waves }, () => []); }", len(waves))
            for index, call in ((index, call) for index, wave in enumerate(waves) for call in wave):
                text = json.dumps([call.name, [*map(cells, call.arguments)]])
                page.evaluate("([index, text]) => { waves[index].push(JSON.parse(text)); }", [index, text])
            taken, sizes = page.evaluate(_REPLAY)
            _check(sizes, waves)
            return float(taken)

        rounds = pickle.loads((folder / _CALLS).read_bytes())
        yield {}, lambda number: {name: replay(waves) for name, waves in rounds[number].items()}


_REPLAY = """async () => {
    const functions = fakeExcel.registered(), answers = [];
    const start = performance.now();
    for (const wave of waves) {
        answers.push(...(await Promise.all(wave.map(([name, values]) => functions[name](...values, {})))));
    }
    const taken = performance.now() - start;
    return [taken / 1000, answers.map((rows) => rows.length * rows[0].length)];
}"""


@contextmanager
def desktop(template: str, model: str, folder: Path) -> Host:
    """xlwings' server and its conversions, one call after the other; COM itself is not there."""
    pywin32.install()
    from xlwings.com_server import XLPython

    server = XLPython()
    project = desktop_host.VbaProject.read(desktop_host.functions_project(["Sheet1"]).written())
    known = desktop_host.wrappers(project)

    def replay(waves: Waves) -> float:
        asked, sizes = [], []
        for call in (call for wave in waves for call in wave):
            wrapper = known[call.name]
            given = zip(wrapper.parameters, map(desktop_host.from_excel, map(_as_list, call.arguments)), strict=False)
            asked.append((wrapper.module, wrapper.function, desktop_host._array(wrapper, dict(given))))
        start = perf_counter()
        answers = [server.CallUDF(*call) for call in asked]
        taken = perf_counter() - start
        sizes = [np.array(answer, object).size for answer in answers]
        _check(sizes, waves)
        return taken

    rounds = pickle.loads((folder / _CALLS).read_bytes())
    yield {}, lambda number: {name: replay(waves) for name, waves in rounds[number].items()}


def _as_list(argument: Any) -> Any:
    return argument.tolist() if isinstance(argument, np.ndarray) else argument


def _check(sizes: Sequence[int], waves: Waves) -> None:
    """An error is one cell, and timing a wrong answer makes no sense."""
    expected = [call.n_results for wave in waves for call in wave]
    assert list(sizes) == expected, "the host's answers have other sizes than in Python"


@contextmanager
def in_calc(template: str, model: str, folder: Path) -> Host:
    """LibreOffice itself, without a window: all cells."""
    file = build(template, folder, host="calc", model=model)
    libreoffice = calc()
    before = {OPEN: libreoffice.open(file)}

    def edited(edit: str, value: str | float | None) -> float:
        if edit == PROMPT:
            libreoffice.type(*libreoffice.cell_named("prompt"), value)
        else:
            tab = TAB_OF[edit]
            libreoffice.type(tab, cell_for_edits(libreoffice.values(tab, _LABELS)), value)
        taken = float(libreoffice.calculate())
        if template == "anatomy":
            (token,) = libreoffice.named("next_token")[0]
            assert not str(token).startswith("#"), token
        return taken

    tabs = libreoffice.tabs()
    yield before, lambda number: {name: edited(name, value) for name, value in edits_of(tabs, number).items()}


HOSTS = {"headless": headless, "office": office, "desktop": desktop, "calc": in_calc}


def _say(line: object) -> None:
    print(json.dumps(line), file=_answers, flush=True)


def main() -> None:
    """Does the job that the command line names."""
    job, template, model, path, n_rounds = sys.argv[1:]
    folder = Path(path)
    if job == "record":
        record(template, model, folder, int(n_rounds))
        return
    try:
        with HOSTS[job](template, model, folder) as (before, play):
            _say(before)
            for line in sys.stdin:
                _say(play(int(line)))
    except pytest.skip.Exception as skipped:
        _say(str(skipped))


if __name__ == "__main__":
    _answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # printed text must not mix with the answers
    main()
