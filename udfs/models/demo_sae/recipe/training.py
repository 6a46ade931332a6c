"""The training of the autoencoder, and its files in SAELens's format.

The formula is `f = relu((x - b_dec) @ W_enc + b_enc)`, `x' = f @ W_dec + b_dec`, with unit decoder rows. The penalty is
the sum of log(1 + f) rather than the L1 norm of Bricken et al. 2023: strong activations are shrunk less, so fewer
features rebuild the stream as well (reweighted L1, Candès et al. 2008).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import normalize

from udfs.backend.interpret.sae import CONFIG_FILE, WEIGHTS_FILE


@dataclass(frozen=True)
class Plan:
    """The sizes and rates of the training. The penalty is for a stream with a mean square of 1."""

    n_features: int = 2048
    steps: int = 5000
    batch: int = 1024
    rate: float = 1e-3
    penalty: float = 1.2
    seed: int = 7

    def factors(self, step: int) -> tuple[float, float]:
        """The rate's and the penalty's factors. Both warm up, and the rate falls to zero in the last third."""
        done = step / self.steps
        return min(1.0, (step + 1) / 50, 3 * (1 - done)), min(1.0, done / 0.3)


def train(x: Tensor, plan: Plan) -> dict[str, Tensor]:
    """The four tensors, for the stream in its original scale; `x` is [n_tokens, n_embd].

    The features begin as directions of streams drawn at random, so all of them fire from the start.
    """
    torch.manual_seed(plan.seed)
    scale = x.square().mean().sqrt()
    x = x / scale
    b_dec = x.mean(0)
    start = normalize(x[torch.randint(len(x), (plan.n_features,))] - b_dec, dim=1)  # [n_features, n_embd]
    w_dec, w_enc = start.clone().requires_grad_(), start.t().clone().requires_grad_()
    b_enc = torch.full((plan.n_features,), -2.0).requires_grad_()
    b_dec.requires_grad_()
    optimizer = torch.optim.Adam([w_enc, b_enc, w_dec, b_dec], betas=(0.9, 0.99), fused=True)
    for step in range(plan.steps):
        rate, penalty = plan.factors(step)
        optimizer.param_groups[0]["lr"] = plan.rate * rate
        batch = x[torch.randint(len(x), (plan.batch,))]
        features = torch.relu((batch - b_dec) @ w_enc + b_enc)  # [batch, n_features]
        error = (features @ w_dec + b_dec - batch).square().sum(1).mean()
        loss = error + plan.penalty * penalty * features.log1p().sum(1).mean()
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


def write(tensors: dict[str, Tensor], folder: Path, layer: int, plan: Plan) -> None:
    """Writes `cfg.json` and `sae_weights.safetensors`, in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_name": "demo",
        "hook_point": f"blocks.{layer}.hook_resid_pre",
        "hook_point_layer": layer,
        "d_in": tensors["W_enc"].shape[0],
        "d_sae": plan.n_features,
        "architecture": "standard",
        "activation_fn": "relu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "log_penalty_coefficient": plan.penalty,
        "training_tokens": plan.steps * plan.batch,
        "dtype": "float16",
    }
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    halves = {name: tensor.half().contiguous() for name, tensor in tensors.items()}
    save_file(halves, folder / WEIGHTS_FILE, metadata={"format": "pt"})
