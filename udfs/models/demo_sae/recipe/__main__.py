"""`python -m udfs.models.demo_sae.recipe --corpus FOLDER`: trains the demo model's sparse autoencoder.

Also writes `features.json`, the catalogue of its features, and its README. This takes about ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from udfs.backend.arrays import Array
from udfs.backend.fast.threads import n_threads
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.sae import open_autoencoder
from udfs.models.demo.recipe import sources
from udfs.models.demo_sae.recipe.catalogue import catalogue, write_json
from udfs.models.demo_sae.recipe.documents import ROW, rows
from udfs.models.demo_sae.recipe.firings import fire
from udfs.models.demo_sae.recipe.jedi import jedi
from udfs.models.demo_sae.recipe.reading import Reading
from udfs.models.demo_sae.recipe.readme import readme
from udfs.models.demo_sae.recipe.streams import Streams, collect, open_model
from udfs.models.demo_sae.recipe.training import Plan, train, write

LAYER: Final = 6
ROWS: Final = 10_000
MEASURED_ROWS: Final = 4_000
"""The rows to train on, and those after them, on which everything is measured."""
_SEED: Final = 7


def main() -> None:
    """Parses the arguments and runs the recipe."""
    parser = argparse.ArgumentParser(prog="python -m udfs.models.demo_sae.recipe", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the demo model's texts")
    parser.add_argument("--model", default="demo", help="a model's name or folder")
    parser.add_argument("--out", type=Path, default=Path("demo_sae"), help="folder to write to")
    parser.add_argument(
        "--features", type=int, default=Plan.n_features, help="how many features (default: %(default)s)"
    )
    arguments = parser.parse_args()
    model, texts = open_model(arguments.model), sources.read(arguments.corpus)
    torch.set_num_threads(n_threads())  # the model's linear layers hold BLAS to one thread
    read = rows(texts, _SEED)
    folder = arguments.out / f"blocks.{LAYER}.hook_resid_pre"
    plan = Plan(n_features=arguments.features)
    write(train(torch.from_numpy(collect(model, LAYER, read, ROWS).x), plan), folder, LAYER, plan)
    found = examine(folder, collect(model, LAYER, read, MEASURED_ROWS), model)
    write_json(found, arguments.out / "features.json")
    (arguments.out / "README.md").write_text(readme(found), encoding="utf-8")
    print(json.dumps({**found, "features": len(found["features"])}, indent=2, ensure_ascii=False))


def examine(folder: Path, measured: Streams, model: Model) -> dict[str, Any]:
    """The contents of `features.json`: the autoencoder's quality, the Jedi feature, and the catalogue."""
    autoencoder = open_autoencoder(folder)
    firings, quality = fire(autoencoder, measured.x)
    reading = Reading(measured.tokens, ROW)
    decoder: Array = np.stack([autoencoder.feature(number) for number in range(autoencoder.n_features)])
    found = jedi(firings, reading, decoder, model, LAYER)
    return {
        "training": {
            "features": autoencoder.n_features,
            "tokens": len(measured.x),
            "variance explained": round(quality.explained, 3),
            "features active at a token": round(quality.active, 1),
            "features never active": quality.dead,
        },
        "jedi": found,
        "features": catalogue(decoder, firings, reading, model, found["feature"]),
    }


if __name__ == "__main__":
    main()
