"""What the rounding of weights costs in the workbook without Python: its answers and its perplexity.

python -m tests.benchmarks.pure_rounding [MODEL] [--corpus FOLDER]

The answers are those to the held-out prompts of the demo model. The folder is the one from which the demo model was
trained: its held-out sentences of Tatoeba are everyday English.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.tables import markdown
from udfs.backend import catalogue
from udfs.backend.fast.linears import Linears
from udfs.backend.generate.scores import scores
from udfs.backend.gpt2.forward import forward, softmax
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import encode
from udfs.models.demo.recipe import sources
from udfs.models.demo.recipe.held_out import PROMPTS
from workbook_templates.pure.answer import as_written
from workbook_templates.pure.contents import Bits, Contents

_SOURCE = "tatoeba.txt.xz"
_LONGEST = 256  # tokens of a document, as in the model's report
_HEADER = ("weights", "same top token", "largest change", "mean change")


def with_bits(model: Model, bits: Bits) -> Model:
    """The model with the weights that the workbook holds."""
    written = as_written(Contents(model, bits))
    tensors = model.tensors.with_changes({name: written[name] for name in model.config.shapes()})
    return replace(model, tensors=tensors, linears=Linears(tensors))


def next_tokens(model: Model) -> NDArray[np.float64]:
    """The probabilities after each held-out prompt: [prompts, n_vocab]."""
    return np.array([softmax(forward(encode(item.prompt), model)[-1].astype(np.float64)) for item in PROMPTS])


def row(bits: Bits, found: NDArray[np.float64], whole: NDArray[np.float64]) -> list[str]:
    """The changes of the probability of the likeliest token, against that with unrounded weights."""
    prompts, best = np.arange(len(whole)), whole.argmax(axis=1)
    changes = np.abs(found - whole)[prompts, best]
    same = int((found.argmax(axis=1) == best).sum())
    return [_named(bits), f"{same} of {len(whole)}", f"{changes.max():.4f}", f"{changes.mean():.5f}"]


def everyday(model: Model, texts: Sequence[Sequence[int]]) -> str:
    """The perplexity of texts. The first token of each is not counted."""
    found = scores(texts, model)
    total = sum(score.log_probability or 0 for score in found)
    return f"{math.exp(-total / sum(score.tokens - 1 for score in found)):.3f}"


def _named(bits: Bits) -> str:
    return "unrounded" if bits == "full" else f"{bits} bits"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default=catalogue.DEMO)
    parser.add_argument("--corpus", type=Path, help="the folder of the demo model's recipe")
    options = parser.parse_args()
    model = catalogue.load(options.model)
    header, texts = [*_HEADER], []
    if options.corpus:
        held_out = sources.split(sources.documents(options.corpus / _SOURCE)).held_out
        texts = [ids for text in held_out if len(ids := encode(text)[:_LONGEST]) > 1]
        header.append(f"perplexity of {sum(map(len, texts)) - len(texts):,} tokens")
    whole = next_tokens(with_bits(model, "full"))
    rows = []
    for bits in reversed(get_args(Bits)):
        rounded = with_bits(model, bits)
        rows.append(row(bits, next_tokens(rounded), whole))
        if texts:
            rows[-1].append(everyday(rounded, texts))
    print(f"{model.name}: the probability of the likeliest token after {len(whole)} prompts\n")
    print(markdown(header, rows))


if __name__ == "__main__":
    main()
