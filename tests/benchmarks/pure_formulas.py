"""`5_pure_formulas.xlsx` in LibreOffice: how long it takes, and how far it is from the backend in float32 and float64
and from the exact results of the checkpoint. Also how long the headless recalculation takes.

python -m tests.benchmarks.pure_formulas [FILE]

Without a file, the workbook is built first. Every held-out prompt of the demo model is typed in.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

from addin.headless import Workbook
from tests.benchmarks.one_host import PROMPT, seconds, type_into
from tests.hosts.calc_host import Calc, calc
from tests.workbook_templates.pure_steps import Difference, Steps, differences, in_backend, in_float64
from udfs.backend import catalogue
from udfs.backend.gpt2.forward import forward
from udfs.backend.gpt2.tokenizer import encode, token_text
from udfs.models.demo.recipe.held_out import PROMPTS
from workbook_templates import TEMPLATES, build

MODELS = ("demo ; float64", "demo")
_TOKENS = 32
Worst: TypeAlias = "defaultdict[str, defaultdict[str, list[Difference]]]"  # by reference and step


def predicted(prompt: str) -> str:
    """The backend's next token, among all tokens."""
    model = catalogue.load(catalogue.DEMO)
    return token_text(int(forward(encode(prompt), model)[-1].argmax()))


def compare(book: Calc) -> None:
    """Prints times, next tokens that differ and the largest differences over all prompts."""
    steps = Steps(book)
    times: list[float] = []
    worst: Worst = defaultdict(lambda: defaultdict(list))
    same = 0
    for item in PROMPTS:
        times.append(book.set("Prompt", "B6", item.prompt))
        found = steps.next_token()
        same += found == predicted(item.prompt)
        if found != predicted(item.prompt):
            print(f"differs: {item.prompt!r}: {found!r}, the backend {predicted(item.prompt)!r}")
        exact = in_float64(item.prompt, steps.ids)
        workbook = steps.values(exact)
        others = {"checkpoint's": exact} | {text: in_backend(item.prompt, steps.ids, text) for text in MODELS}
        for other, expected in others.items():
            for name, difference in differences(workbook, expected).items():
                worst[other][name].append(difference)
    print(f"another prompt        {statistics.median(times):6.2f} s   (median of {len(times)})")
    print(f"same next token       {same} of {len(PROMPTS)}")
    show(worst)


def show(worst: Worst) -> None:
    """Prints a column of differences, and their shares, for each reference."""
    print("largest difference of the workbook's values, and as a share of the step's largest value")
    print(f"{'':<15}" + "".join(f"{other:>23}" for other in worst))
    for name in (*(f"block {layer} step 12" for layer in range(12)), "logits", "probabilities"):
        print(f"{name:<15}" + "".join(_shown(by_name[name]) for by_name in worst.values()))
    print(f"{'all steps':<15}" + "".join(_shown(chain(*by_name.values())) for by_name in worst.values()))


def _shown(found: Iterable[Difference]) -> str:
    largest, shares = zip(*((difference.largest, difference.share) for difference in found), strict=True)
    return f"{max(largest):>13.1e}{max(shares):>10.1e}"


def headless(path: Path) -> None:
    """Prints the times of the project's own recalculation."""
    opened: list[Workbook] = []
    print(f"headless: open        {seconds(lambda: opened.append(Workbook.open(path))):6.2f} s")
    book = opened[0]
    print(f"  all formulas        {seconds(book.recalculate):6.2f} s")
    type_into(book, PROMPT, "If today is Tuesday, tomorrow is")
    print(f"  another prompt      {seconds(book.recalculate):6.2f} s   {book.get('next_token')!r}")


def main() -> None:
    """Builds, opens, recalculates and compares the workbook."""
    book = calc()
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else build("pure", Path(folder), tokens=_TOKENS, model="demo")
        print(f"build                 {perf_counter() - start:6.2f} s")
        print(f"{TEMPLATES['pure']}  {path.stat().st_size / 1e6:6.2f} MB")
        print(f"open                  {book.open(path):6.2f} s")
        print(f"all formulas anew     {book.recalculate():6.2f} s")
        compare(book)
        headless(path)


if __name__ == "__main__":
    main()
