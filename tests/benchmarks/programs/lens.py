"""TransformerLens, which the interpretability literature uses: `TransformerBridge` around transformers' model."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers
from transformer_lens.model_bridge import TransformerBridge
from transformers import GPT2LMHeadModel

from tests.benchmarks.programs.program import TOP, Everything
from udfs.backend.arrays import Array

NAME = f"TransformerLens {version('transformer-lens')}"


class Measured:
    """The bridge as it boots, without its compatibility mode."""

    def __init__(self, folder: Path, n_threads: int) -> None:
        torch.set_num_threads(n_threads)
        transformers.logging.disable_progress_bar()
        original = GPT2LMHeadModel.from_pretrained(folder).eval()
        self.model = TransformerBridge.boot_transformers(str(folder), hf_model=original)
        self.past: Any = None

    @torch.no_grad()
    def forward(self, ids: Sequence[int]) -> Array:
        return self.model(torch.tensor([ids]), logits_to_keep=1)[0, -1].numpy()

    def read(self, ids: Sequence[int]) -> Array:
        self.past = None
        return self._further(ids)

    def decode(self, token: int) -> Array:
        return self._further([token])

    @torch.no_grad()
    def generate(self, ids: Sequence[int], count: int) -> list[int]:
        output = self.model.generate(
            torch.tensor([ids]),
            max_new_tokens=count,
            stop_at_eos=False,
            do_sample=False,
            return_type="tokens",
            verbose=False,
        )
        return output[0, len(ids) :].tolist()

    @torch.no_grad()
    def everything(self, ids: Sequence[int]) -> Everything:
        layers = range(self.model.cfg.n_layers)
        patterns = [f"blocks.{layer}.attn.hook_pattern" for layer in layers]
        states = [f"blocks.{layer}.hook_resid_pre" for layer in layers]
        states.append(f"blocks.{layers[-1]}.hook_resid_post")
        _, cache = self.model.run_with_cache(torch.tensor([ids]), names_filter=[*patterns, *states])
        stream = torch.cat([cache[name] for name in states])  # [n_layer+1, n_seq, n_embd]
        top = self.model.unembed(self.model.ln_final(stream.flatten(0, 1)[None]))[0].topk(TOP).indices
        return Everything(stream.numpy(), torch.cat([cache[name] for name in patterns]).numpy(), top.numpy())

    @torch.no_grad()
    def _further(self, ids: Sequence[int]) -> Array:
        logits, self.past = self.model(
            torch.tensor([ids]),
            return_type="logits_and_cache",
            past_key_values=self.past,
            use_cache=True,
            logits_to_keep=1,
        )
        return logits[0, -1].numpy()
