"""The internals of a model that both this project and TransformerLens compute, for comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.whole_pass import trace
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret import circuits, logit_lens, patching, path_patching
from udfs.backend.interpret.attribution import attribution
from udfs.backend.interpret.circuits import Part
from udfs.backend.interpret.places import NAMES, Component

N_SEQ = 10
CHANGED = 4  # the position at which the corrupted prompt differs
ANSWER, WRONG = 11, 4711
SENDER = Component(0, "attn", 1)
SOME_TOKENS = slice(None, None, 997)  # a sample of the vocabulary, large enough to notice a difference


def prompts(n_seq: int = N_SEQ) -> list[list[int]]:
    """Three prompts of the same length, identical on every machine; the second is the first with one token changed."""
    first, other = np.random.RandomState(n_seq).randint(0, 50257, (2, n_seq)).tolist()
    return [first, [*first[:CHANGED], 1234, *first[CHANGED + 1 :]], other]


def hook_names(n_layer: int) -> list[str]:
    """Every place up to the end of the last block, by TransformerLens's name."""
    templates = [name for name in NAMES.values() if name != "ln_final.hook_normalized"]
    per_block = [
        template.replace("L", str(layer)) for layer in range(n_layer) for template in templates if "L" in template
    ]
    return [*(name for name in templates if "L" not in name), *per_block]


def kept_parts(n_layer: int, n_head: int) -> set[Part]:
    """A circuit to keep: every other head and every other MLP."""
    heads = {Part(layer, head) for layer in range(n_layer) for head in range(layer % 2, n_head, 2)}
    return heads | {Part(layer, None) for layer in range(0, n_layer, 2)}


def ours(model: Model, n_seq: int = N_SEQ) -> dict[str, NDArray[np.float32]]:
    """All values, computed by this project, by name. Masked scores are zero."""
    clean, corrupted, other = prompts(n_seq)
    n_layer, n_head = model.config.n_layer, model.config.n_head
    seen = trace(clean, model)
    values = {name: seen[name] for name in hook_names(n_layer)}
    stages = np.stack([residual[-1] for residual in logit_lens.stages(clean, model, halves=True).values()])
    values["lens"] = forward.unembed(stages, model)[:, SOME_TOKENS]
    values["attribution"] = _attribution(clean, model)
    alone = circuits.Task([clean], [ANSWER], model, "zero")
    everything = frozenset().union(*circuits.halves(model.config))
    values["zero ablation of a head"] = np.stack(
        [alone.logits(everything - {Part(layer, head)})[0] for layer in range(n_layer) for head in range(n_head)]
    )[:, SOME_TOKENS]
    values["zero ablation of an MLP"] = np.stack(
        [alone.logits(everything - {Part(layer, None)})[0] for layer in range(n_layer)]
    )[:, SOME_TOKENS]
    together = circuits.Task([clean, corrupted, other], [ANSWER] * 3, model, "mean")
    values["mean ablation"] = together.logits(frozenset(kept_parts(n_layer, n_head)))[:, SOME_TOKENS]
    pair = patching.Pair(clean, corrupted, ANSWER, WRONG, model)
    values |= {f"patching {what}": patching.patch(pair, what) for what in patching.HOOKS}
    paths = path_patching.path_patch(pair, SENDER, path_patching.later_heads(SENDER, pair))
    values["path patching to the logits"] = np.array([paths.logits])
    values["path patching to heads"] = np.array([[path.q, path.k, path.v] for path in paths.to_heads])
    return {name: np.where(np.isfinite(value), value, 0) for name, value in values.items()}


def _attribution(ids: list[int], model: Model) -> NDArray[np.float32]:
    """Heads, MLPs, the two embeddings, and the sum of all attention biases, as in TransformerLens."""
    parts = attribution(ids, ANSWER, model, WRONG)
    logits = {part.name: part.logit for part in parts}
    heads = [part.logit for part in parts if part.head is not None]
    mlps = [logits[f"h.{layer}.mlp"] for layer in range(model.config.n_layer)]
    biases = sum(logits[f"h.{layer}.attn.c_proj.bias"] for layer in range(model.config.n_layer))
    return np.array([*heads, *mlps, logits["wte"], logits["wpe"], biases], np.float32)
