"""`python -m udfs.models.demo.recipe --corpus FOLDER`: trains the demo model and writes it."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from udfs.models.demo.recipe import evaluate, export, sources
from udfs.models.demo.recipe.train import CHECKPOINT, Plan, Run, start, train


def main() -> None:
    """Parses the arguments and runs the recipe."""
    parser = argparse.ArgumentParser(prog="python -m udfs.models.demo.recipe", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the texts, see the README")
    parser.add_argument(
        "--work", type=Path, default=Path("demo-training"), help="folder of the checkpoint; run again to continue"
    )
    parser.add_argument("--model", type=Path, help="folder of a trained model whose weights a new run begins with")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder to write the model to")
    parser.add_argument(
        "--cool-down",
        action="store_true",
        help="lower the learning rate to zero and end; the constant phase can still be continued without this option",
    )
    arguments = parser.parse_args()
    plan, texts = Plan(), sources.read(arguments.corpus)
    for name, part in texts.items():
        print(f"{name}: {len(part.training)} documents to train on, {len(part.held_out)} held out", flush=True)

    def watch(run: Run) -> Mapping[str, object]:
        export.write(run.network, run.mixture.vocabulary, arguments.out)
        model = evaluate.load(arguments.out)
        sampled = {name: part.held_out for name, part in texts.items() if part.held_out}
        found = {name: evaluate.scores(model, documents, n_tokens=3000) for name, documents in sampled.items()}
        perplexities = {name: round(scores.perplexity, 2) for name, scores in found.items()}
        return {"perplexities": perplexities, "prompts": evaluate.summary(model)}

    folder, checkpoint = arguments.work, arguments.work / CHECKPOINT
    if arguments.cool_down:
        folder = arguments.work / "cool-down"
        checkpoint = folder / CHECKPOINT if (folder / CHECKPOINT).exists() else checkpoint
    run = start(plan, texts, checkpoint, arguments.model)
    if arguments.cool_down and run.cooling_from is None:
        run.cooling_from = run.tokens
    deque(train(run, plan, folder, watch), maxlen=0)


if __name__ == "__main__":
    main()
