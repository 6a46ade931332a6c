"""Compares each kind of checkpoint, and models' own tokenizers, with Hugging Face `transformers`.

pip install -e ".[parity]"
python -m tests.parity.transformers_kinds            # prints the differences
python -m tests.parity.transformers_kinds --record   # writes the small fixture that the normal tests read
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

from tests.checkpoint_kinds import IDS, KINDS, TEXTS, TOKENIZERS, write_kind
from udfs.backend.fast.linears import Linears
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.checkpoint import open_checkpoint
from udfs.backend.gpt2.model import Model

FIXTURE = Path(__file__).parents[1] / "fixtures" / "checkpoint_kinds.json"


def logits_of(folder: Path) -> np.ndarray:
    """The logits after the last of `IDS`, from transformers with its readable attention."""
    variant = "fp16" if (folder / "model.fp16.safetensors").exists() else None
    settings = GPT2Config.from_dict(json.loads((folder / "config.json").read_text()))
    if "n_positions" not in (values := json.loads((folder / "config.json").read_text())):
        settings.n_positions = values["n_ctx"]
    model = GPT2LMHeadModel.from_pretrained(
        folder, config=settings, variant=variant, dtype=torch.float32, attn_implementation="eager"
    )
    with torch.no_grad():
        return model.eval()(torch.tensor([IDS])).logits[0, -1].numpy()


def encoded(kind: str, folder: Path) -> list[list[int]]:
    """The ids of `TEXTS`, from the tokenizers package or transformers."""
    if kind.startswith("vocab.json"):
        two = GPT2Tokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"))
        return [two.encode(text) for text in TEXTS]
    one = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return [one.encode(text).ids for text in TEXTS]


def reference(root: Path) -> dict[str, Any]:
    """What transformers finds: the logits of each kind of checkpoint, and the ids of each kind of tokenizer."""
    logits = {kind: logits_of(write_kind(kind, root / kind)).tolist() for kind in KINDS}
    ids = {}
    for kind, write in TOKENIZERS.items():
        folder = root / "tokenizers" / kind
        folder.mkdir(parents=True)
        write(folder)
        ids[kind] = encoded(kind, folder)
    return {"logits": logits, "ids": ids}


def main() -> None:
    """Prints the largest difference of each kind, or writes the fixture."""
    with TemporaryDirectory() as folder:
        found = reference(Path(folder))
        for kind, theirs in found["logits"].items():
            checkpoint = open_checkpoint(Path(folder) / kind)
            model = Model(kind, kind, checkpoint.config, checkpoint.tensors, Linears(checkpoint.tensors))
            ours = forward.forward(IDS, model)[-1]
            same = np.argsort(-ours)[:5].tolist() == np.argsort(-np.array(theirs))[:5].tolist()
            print(f"{kind:25} {np.abs(ours - theirs).max():.1e}  top 5 {'equal' if same else 'DIFFERENT'}")
    if "--record" in sys.argv:
        found["logits"] = {kind: [round(logit, 5) for logit in row] for kind, row in found["logits"].items()}
        FIXTURE.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
