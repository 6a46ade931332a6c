"""`python -m udfs.models.demo.recipe`: trains the demo model, writes it and its report."""

from __future__ import annotations

import argparse
from pathlib import Path

from udfs.models.demo.recipe import export, report
from udfs.models.demo.recipe.train import Plan, Run, start, train


def main() -> None:
    """Parses the arguments and runs the recipe."""
    parser = argparse.ArgumentParser(prog="python -m udfs.models.demo.recipe", description=__doc__)
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("demo-training"),
        help="folder of the checkpoint; run again to continue",
    )
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder to write the model and the report to")
    parser.add_argument(
        "--compile", action="store_true", help="use torch.compile (needs a C++ compiler; a third faster)"
    )
    arguments = parser.parse_args()

    def watch(run: Run) -> str:
        export.write(run.network, run.vocabulary, arguments.out)
        model = report.load(arguments.out)
        return report.summary(report.answers(model), report.pronoun_head(model))

    plan = Plan()
    run = start(plan, arguments.work)
    train(run, plan, arguments.work, arguments.compile, watch)
    export.write(run.network, run.vocabulary, arguments.out)
    model = report.load(arguments.out)
    found, head = report.answers(model), report.pronoun_head(model)
    text = report.markdown(found, head)
    (arguments.out / "report.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
