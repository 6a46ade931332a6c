"""Compares reading and changing a model's internals with TransformerLens, on checkpoints with random weights.

The reference is TransformerLens without weight processing: raw weights, its own hooks, cache, attribution and patching.

pip install -e ".[parity]"
python -m tests.parity.transformer_lens_parity            # full size: 12 x 768, vocabulary 50257
python -m tests.parity.transformer_lens_parity --record   # writes the small fixture that the normal tests read
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformer_lens import patching as tl_patching
from transformer_lens.model_bridge import TransformerBridge
from transformers import GPT2LMHeadModel

from tests.parity import inside, script
from tests.parity.inside import ANSWER, SENDER, SOME_TOKENS, WRONG
from udfs.backend.interpret.circuits import Part

FIXTURE = Path(__file__).parents[1] / "fixtures" / "inside_tiny.npz"
N_SEQ_FULL = 20


def reference(folder: Path, n_seq: int) -> dict[str, np.ndarray]:
    """All values of `inside.ours`, computed by TransformerLens."""
    hugging_face = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()
    model = TransformerBridge.boot_transformers(str(folder), hf_model=hugging_face, device="cpu")
    tokens = torch.tensor(inside.prompts(n_seq))
    with torch.no_grad():
        return {name: value.numpy() for name, value in _values(model, tokens).items()}


def _values(model: TransformerBridge, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    n_layer, n_head = model.cfg.n_layers, model.cfg.n_heads
    clean = tokens[:1]
    clean_logits, cache = model.run_with_cache(clean)
    values = {name: _as_ours(cache[_its_name(name)]) for name in inside.hook_names(n_layer)}
    stages = cache.accumulated_resid(layer=None, incl_mid=True)[:, :, -1:]  # [n_stages, 1, 1, n_embd]
    values["lens"] = torch.stack([model.unembed(model.ln_final(stage))[0, 0] for stage in stages])[:, SOME_TOKENS]
    parts = cache.get_full_resid_decomposition(expand_neurons=False, apply_ln=True, pos_slice=-1)
    direction = model.ln_final.weight * (model.W_U[:, ANSWER] - model.W_U[:, WRONG])
    values["attribution"] = parts[:, 0] @ direction

    def end(logits: torch.Tensor) -> torch.Tensor:
        return logits[:, -1, SOME_TOKENS]

    values["zero ablation of a head"] = torch.cat(
        [
            end(model.run_with_hooks(clean, fwd_hooks=[(_z(layer), partial(_zero_head, head=head))]))
            for layer in range(n_layer)
            for head in range(n_head)
        ]
    )
    values["zero ablation of an MLP"] = torch.cat(
        [end(model.run_with_hooks(clean, fwd_hooks=[(_mlp(layer), _zero)])) for layer in range(n_layer)]
    )
    values["mean ablation"] = end(model.run_with_hooks(tokens, fwd_hooks=_mean_hooks(model, tokens)))

    def difference(logits: torch.Tensor) -> torch.Tensor:
        return logits[0, -1, ANSWER] - logits[0, -1, WRONG]

    corrupted = tokens[1:2]
    ends = difference(clean_logits), difference(model(corrupted))

    def restored(logits: torch.Tensor) -> torch.Tensor:
        return (difference(logits) - ends[1]) / (ends[0] - ends[1])

    sweeps = {
        "positions": tl_patching.get_act_patch_resid_pre,
        "heads": tl_patching.get_act_patch_attn_head_out_all_pos,
        "attn": tl_patching.get_act_patch_attn_out,
        "mlp": tl_patching.get_act_patch_mlp_out,
    }
    for what, sweep in sweeps.items():
        values[f"patching {what}"] = sweep(model, corrupted, cache, restored)
    return values | _paths(model, clean, corrupted, restored)


def _paths(
    model: TransformerBridge, clean: torch.Tensor, corrupted: torch.Tensor, restored: Callable[..., torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Path patching in two runs (Wang et al. 2022): the later heads frozen, then one of their inputs as it arrived."""
    sender, head = SENDER.layer, SENDER.head
    (_, clean_cache), (_, cache) = model.run_with_cache(clean), model.run_with_cache(corrupted)
    arrived: dict[str, torch.Tensor] = {}

    def keep(value: torch.Tensor, hook: object, name: str) -> None:
        arrived[name] = value.clone()

    later = range(sender + 1, model.cfg.n_layers)
    inputs = [(layer, f"blocks.{layer}.attn.hook_{part}") for layer in later for part in "qkv"]
    frozen = [(_z(layer), partial(_put, value=cache[_z(layer)])) for layer in later]
    sent = (_z(sender), partial(_put_heads, heads=[head], value=clean_cache[_z(sender)][0]))
    logits = model.run_with_hooks(
        corrupted, fwd_hooks=[sent, *frozen, *((name, partial(keep, name=name)) for _, name in inputs)]
    )
    shares = {
        (layer, to, name): restored(
            model.run_with_hooks(corrupted, fwd_hooks=[(name, partial(_put_heads, heads=[to], value=arrived[name][0]))])
        )
        for layer, name in inputs
        for to in range(model.cfg.n_heads)
    }
    rows = [
        torch.stack([shares[layer, to, f"blocks.{layer}.attn.hook_{part}"] for part in "qkv"])
        for layer in later
        for to in range(model.cfg.n_heads)
    ]
    return {"path patching to the logits": restored(logits)[None], "path patching to heads": torch.stack(rows)}


def _its_name(name: str) -> str:
    """Since version 4 `hook_normalized` is before LayerNorm's weight and bias; `hook_out` is after them."""
    return name.replace("hook_normalized", "hook_out")


def _as_ours(value: torch.Tensor) -> torch.Tensor:
    """The value without the batch axis, heads first, with masked scores set to zero."""
    value = value[0]
    if value.ndim == 3 and value.shape[-1] != value.shape[-2]:  # q, k, v, z: [n_seq, n_head, d_head]
        value = value.transpose(0, 1)
    return torch.where(value > -1e30, value, torch.zeros(()))


def _mean_hooks(model: TransformerBridge, tokens: torch.Tensor) -> list[tuple[str, object]]:
    """Every part that is not kept outputs its mean over the prompts, position by position."""
    _, cache = model.run_with_cache(tokens)
    kept = inside.kept_parts(model.cfg.n_layers, model.cfg.n_heads)
    hooks: list[tuple[str, object]] = []
    for layer in range(model.cfg.n_layers):
        lost = [head for head in range(model.cfg.n_heads) if Part(layer, head) not in kept]
        hooks.append((_z(layer), partial(_put_heads, heads=lost, value=cache[_z(layer)].mean(dim=0))))
        if Part(layer, None) not in kept:
            hooks.append((_mlp(layer), partial(_put, value=cache[_mlp(layer)].mean(dim=0))))
    return hooks


def _z(layer: int) -> str:
    return f"blocks.{layer}.attn.hook_z"


def _mlp(layer: int) -> str:
    return f"blocks.{layer}.hook_mlp_out"


def _zero(value: torch.Tensor, hook: object) -> torch.Tensor:
    return torch.zeros_like(value)


def _zero_head(z: torch.Tensor, hook: object, head: int) -> torch.Tensor:
    return _put_heads(z, hook, [head], torch.zeros_like(z[0]))


def _put(old: torch.Tensor, hook: object, value: torch.Tensor) -> torch.Tensor:
    return value.expand_as(old).clone()


def _put_heads(z: torch.Tensor, hook: object, heads: list[int], value: torch.Tensor) -> torch.Tensor:
    z = z.clone()  # [n_prompts, n_seq, n_head, d_head]
    z[:, :, heads] = value[:, heads]
    return z


def compare(folder: Path) -> None:
    """Prints the largest difference of each kind of value."""
    theirs, mine = reference(folder, N_SEQ_FULL), inside.ours(script.load(folder), N_SEQ_FULL)
    print("value                      | largest | largest difference")
    largest: dict[str, tuple[float, float]] = {}
    for name, value in theirs.items():
        kind = name.split(".", 2)[2] if name.startswith("blocks.") else name
        size, error = largest.get(kind, (0.0, 0.0))
        largest[kind] = (max(size, float(abs(value).max())), max(error, float(abs(value - mine[name]).max())))
    for kind, (size, error) in largest.items():
        print(f"{kind:26} | {size:7.3g} | {error:.1e}")


def record(folder: Path, fixture: Path) -> None:
    """Writes TransformerLens's results for short prompts."""
    np.savez_compressed(fixture, **reference(folder, inside.N_SEQ))


if __name__ == "__main__":
    script.main(__doc__, compare, record, FIXTURE)
