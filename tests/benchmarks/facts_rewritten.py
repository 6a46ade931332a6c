"""How well rewritten facts hold, block by block: 20 capitals of the demo model, each edit by itself.

python -m tests.benchmarks.facts_rewritten [LAYER ...]

The scores are those of Meng et al. 2022: the shares of prompts after which the new answer is more likely than the old
one (the edited prompt: success; the same question in other words: paraphrase), and the share of prompts about other
countries whose own answer is more likely than the new one (neighbourhood). Beside each, the share whose most likely
token is right, of the whole vocabulary.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from udfs.backend.catalogue import load
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.prompts import prompt_ids
from udfs.backend.interpret.edits import EditFact, operate
from udfs.backend.next_token import next_logits
from udfs.backend.stream import residual_stream
from udfs.models.demo.recipe.grammar.words import COUNTRIES

EDITS, NEIGHBOURS = 20, 5
PROMPT = "The capital of {} is"
PARAPHRASES = (
    "the capital of {} is",
    "The capital of {} is the city of",
    "Mike lives in {}. He lives in the capital,",
)


def capitals(model: Model) -> list[tuple[str, int]]:
    """Countries and the tokens of their capitals, as far as each is one token."""
    tokens = [(country, model.tokenizer.encode(f" {capital}")) for country, capital, _ in COUNTRIES]
    return [(country, ids[0]) for country, ids in tokens if len(ids) == 1][:EDITS]


def wins(prompt: str, right: int, wrong: int, model: Model) -> tuple[bool, bool]:
    """Whether the right token is more likely than the wrong one, and than all others."""
    logits = next_logits(residual_stream(prompt_ids(prompt, model), model)[-1][-1:], model)[0]
    return bool(logits[right] > logits[wrong]), int(logits.argmax()) == right


def scores(layer: int, model: Model) -> dict[str, np.ndarray]:
    """The shares of each kind of prompt, and the mean of the edits' sizes."""
    known = capitals(model)
    found: dict[str, list[tuple[bool, bool]]] = {"success": [], "paraphrase": [], "neighbourhood": []}
    sizes = []
    for number, (country, old) in enumerate(known):
        new = known[(number + 1) % len(known)][1]
        answer = model.tokenizer.decode([new])
        edited = operate(model, EditFact(f"h.{layer}.mlp", PROMPT.format(country), answer, country))
        before, after = (of[f"h.{layer}.mlp.c_proj.weight"] for of in (model, edited))
        sizes.append(np.linalg.norm(after - before) / np.linalg.norm(before))
        found["success"].append(wins(PROMPT.format(country), new, old, edited))
        found["paraphrase"] += [wins(text.format(country), new, old, edited) for text in PARAPHRASES]
        for step in range(1, NEIGHBOURS + 1):
            other, capital = known[(number + 3 * step) % len(known)]
            found["neighbourhood"].append(wins(PROMPT.format(other), capital, new, edited))
    return {kind: np.mean(results, axis=0) for kind, results in found.items()} | {"size": np.array(sizes).mean()}


def main() -> None:
    """Prints a row for each block."""
    model = load("demo")
    layers = [int(text) for text in sys.argv[1:]] or range(model.config.n_layer)
    print("| block | success | paraphrase | neighbourhood | size of the edit | CPU time of an edit |")
    print("|---|---|---|---|---|---|")
    for layer in layers:
        began = time.process_time()
        found = scores(layer, model)
        shares = " | ".join(f"{found[kind][0]:.0%} ({found[kind][1]:.0%})" for kind in list(found)[:3])
        seconds = (time.process_time() - began) / EDITS
        print(f"| {layer} | {shares} | {found['size']:.2f} | {seconds:.2f} s |", flush=True)


if __name__ == "__main__":
    main()
