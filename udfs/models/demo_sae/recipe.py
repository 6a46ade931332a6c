"""`python -m udfs.models.demo_sae.recipe`: trains the demo model's sparse autoencoder and finds its Star Wars feature.

An L1 autoencoder with unit decoder rows (Bricken et al. 2023). It is trained on the residual stream that enters block
6, centred over channels as in TransformerLens, while the demo model reads documents of its own grammar. This takes
about ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

import udfs
from udfs.backend.arrays import Array
from udfs.backend.catalogue import load
from udfs.backend.gpt2 import tokenizer
from udfs.backend.gpt2.forward import block, embed
from udfs.backend.interpret.sae import CONFIG_FILE, WEIGHTS_FILE, centre, open_autoencoder
from udfs.models.demo.recipe.grammar import documents

LAYER: Final = 6
N_FEATURES: Final = 512
N_TOKENS: Final = 300_000
ROW: Final = 64  # tokens read at once: a few documents
STEPS: Final = 4000
BATCH: Final = 1024
RATE: Final = 1.5e-3
L1: Final = 0.7
SEED: Final = 7
BOS_SHARE: Final = 0.3  # the share of rows that begin with <|endoftext|>, as in the model's training

STAR_WARS: Final = ("Jedi", "Force", "Sith", "Darth", "Vader", "Yoda", "Luke", "Skywalker", "lightsaber", "Wars")
PROMPT: Final = "Mike pulls out his"
COEFFICIENTS: Final = (0, 50, 100, 150, 200, 300, 400)


class Streams(NamedTuple):
    """The centred stream that enters the block.

    x: [n_tokens, n_embd]
    tokens: [n_tokens]
    star_wars: whether a token is in a text about Star Wars, from the first word in `STAR_WARS` on: [n_tokens]
    """

    x: Array
    tokens: NDArray[np.int64]
    star_wars: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m udfs.models.demo_sae.recipe", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo_sae"), help="folder to write to")
    out: Path = parser.parse_args().out
    streams = collect(N_TOKENS)
    folder = out / f"blocks.{LAYER}.hook_resid_pre"
    write(train(torch.from_numpy(streams.x)), folder)
    report = {"training": quality(streams, folder), "jedi": jedi_feature(streams, folder)}
    (out / "features.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


def collect(n_tokens: int) -> Streams:
    """The streams of `n_tokens` tokens of random documents."""
    model = load("demo")
    rows, tokens = [], []
    for ids in islice(_token_rows(), -(-n_tokens // ROW)):
        residual = embed(ids, model)
        for layer in range(LAYER):
            residual = block(layer, residual, model)
        rows.append(residual)
        tokens.append(ids)
    return Streams(
        centre(np.concatenate(rows)), np.concatenate(tokens), np.concatenate([_star_wars(i) for i in tokens])
    )


def _token_rows() -> Iterator[list[int]]:
    """Endless rows of documents; the first document of each row begins at position 0."""
    random, texts = Random(SEED), documents(SEED)
    while True:
        ids = [tokenizer.END_OF_TEXT] if random.random() < BOS_SHARE else []
        while len(ids) < ROW:
            ids += [*tokenizer.encode(next(texts).text), tokenizer.END_OF_TEXT]
        yield ids[:ROW]


def _star_wars(ids: list[int]) -> NDArray[np.bool_]:
    spelled = [tokenizer.encode(f"{space}{word}") for word in STAR_WARS for space in ("", " ")]
    words = {parts[0] for parts in spelled if len(parts) == 1}
    within, marks = False, []
    for token in ids:
        within = token != tokenizer.END_OF_TEXT and (within or token in words)
        marks.append(within)
    return np.array(marks)


def train(x: Tensor) -> dict[str, Tensor]:
    """The four tensors, for the stream in its original scale; `x` is `[n_tokens, n_embd]`."""
    torch.manual_seed(SEED)
    scale = x.square().mean().sqrt()
    x = x / scale
    start = torch.nn.functional.normalize(torch.randn(N_FEATURES, x.shape[1]), dim=1)  # [n_features, n_embd]
    w_dec = start.clone().requires_grad_()
    w_enc = start.t().clone().requires_grad_()
    b_enc = torch.zeros(N_FEATURES, requires_grad=True)
    b_dec = x.mean(0).clone().requires_grad_()
    optimizer = torch.optim.Adam([w_enc, b_enc, w_dec, b_dec], lr=RATE, betas=(0.9, 0.99))
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 50, 5 * (1 - step / STEPS))
        batch = x[torch.randint(len(x), (BATCH,))]
        features = torch.relu((batch - b_dec) @ w_enc + b_enc)  # [batch, n_features]
        error = (features @ w_dec + b_dec - batch).square().sum(1).mean()
        loss = error + L1 * min(1, step / (0.3 * STEPS)) * features.sum(1).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        optimizer.step()
        with torch.no_grad():
            w_dec /= w_dec.norm(dim=1, keepdim=True)
    return {
        "W_enc": w_enc.detach(),
        "b_enc": b_enc.detach() * scale,
        "W_dec": w_dec.detach(),
        "b_dec": b_dec.detach() * scale,
    }


def write(tensors: dict[str, Tensor], folder: Path) -> None:
    """Writes `cfg.json` and `sae_weights.safetensors`, in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_name": "demo",
        "hook_point": f"blocks.{LAYER}.hook_resid_pre",
        "hook_point_layer": LAYER,
        "d_in": tensors["W_enc"].shape[0],
        "d_sae": N_FEATURES,
        "architecture": "standard",
        "activation_fn": "relu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "l1_coefficient": L1,
        "training_tokens": STEPS * BATCH,
        "dtype": "float16",
    }
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    halves = {name: tensor.half().contiguous() for name, tensor in tensors.items()}
    save_file(halves, folder / WEIGHTS_FILE, metadata={"format": "pt"})


def quality(streams: Streams, folder: Path) -> dict[str, float]:
    """The variance explained, the mean number of features active at a token, and the number that never are."""
    autoencoder = open_autoencoder(folder)
    features = autoencoder.encode(streams.x)  # [n_tokens, n_features]
    error = np.square(streams.x - autoencoder.decode(features)).sum(dtype=np.float64)
    variance = np.square(streams.x - streams.x.mean(axis=0)).sum(dtype=np.float64)
    return {
        "tokens": len(streams.x),
        "variance explained": round(float(1 - error / variance), 3),
        "features active at a token": round(float((features > 0).sum(axis=1).mean()), 1),
        "features never active": int((features <= 0).all(axis=0).sum()),
    }


def jedi_feature(streams: Streams, folder: Path) -> dict[str, Any]:
    """The feature that stands most clearly for Star Wars, and what steering with it does.

    Its score is the share of its activation that is in texts about Star Wars, times the square root of the share of
    their tokens at which it is active.
    """
    features = open_autoencoder(folder).encode(streams.x)
    inside = features[streams.star_wars]
    precision = inside.sum(axis=0) / np.maximum(features.sum(axis=0), 1e-9)  # [n_features]
    recall = (inside > 0).mean(axis=0)
    best = int((precision * np.sqrt(recall)).argmax())
    strongest = np.argsort(-features[:, best])[:200]
    contexts = [tokenizer.decode(streams.tokens[max(0, at - 6) : at + 1].tolist()) for at in strongest]
    return {
        "layer": LAYER,
        "feature": best,
        "share of tokens in texts on Star Wars": round(float(streams.star_wars.mean()), 3),
        "share of its activation there": round(float(precision[best]), 3),
        "share of those tokens where it is active": round(float(recall[best]), 3),
        "mean activation where active": round(float(features[features[:, best] > 0, best].mean()), 1),
        "strongest at the end of": list(dict.fromkeys(text.rpartition("<|endoftext|>")[2] for text in contexts))[:12],
        "steering": {"prompt": PROMPT, "probabilities": [_steered(folder, best, c) for c in COEFFICIENTS]},
    }


def _steered(folder: Path, feature: int, coefficient: float) -> dict[str, float]:
    """The probabilities of the two words after the prompt, with the feature added at every position."""
    vector = open_autoencoder(folder).feature(feature)[None]
    text = udfs.gpt2_steer_model(vector, f"h.{LAYER}", coefficient, "all", "demo")
    found = {row[1]: row[4] for row in udfs.gpt2_predict(PROMPT, 50_257, 1, text)[1:]}
    words = (" phone", " lightsaber")
    return {"coefficient": coefficient, **{word: round(found[word], 4) for word in words}}


if __name__ == "__main__":
    main()
