"""Hugging Face transformers: sdpa attention, and eager where patterns are asked for, which sdpa does not give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import transformers
from transformers import DynamicCache, GPT2LMHeadModel

from tests.benchmarks.programs.program import TOP, Everything
from udfs.backend.arrays import Array

_BATCH = 32
NAME = f"transformers {transformers.__version__}, sdpa"


class Measured:
    """`GPT2LMHeadModel`; only the last row is unembedded where only that is asked for."""

    def __init__(self, folder: Path, n_threads: int) -> None:
        torch.set_num_threads(n_threads)
        transformers.logging.disable_progress_bar()
        self.model = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="sdpa").eval()
        self.eager = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()
        self.past = DynamicCache()
        self._last: list[torch.Tensor] = []  # the stream after the last block, which transformers gives after ln_f
        self.eager.transformer.ln_f.register_forward_pre_hook(lambda module, inputs: self._last.append(inputs[0]))

    @torch.no_grad()
    def forward(self, ids: Sequence[int]) -> Array:
        return self.model(torch.tensor([ids]), use_cache=False, logits_to_keep=1).logits[0, -1].numpy()

    def read(self, ids: Sequence[int]) -> Array:
        self.past = DynamicCache()
        return self._further(ids)

    def decode(self, token: int) -> Array:
        return self._further([token])

    @torch.no_grad()
    def generate(self, ids: Sequence[int], count: int) -> list[int]:
        self.model.generation_config.eos_token_id = None  # so that it does not stop before
        prompt = torch.tensor([ids])
        mask = torch.ones_like(prompt)
        output = self.model.generate(
            prompt, attention_mask=mask, max_new_tokens=count, do_sample=False, use_cache=True, pad_token_id=0
        )
        return output[0, len(ids) :].tolist()

    @torch.no_grad()
    def next_tokens(self, prompts: Sequence[Sequence[int]]) -> list[int]:
        """The likeliest next token of each prompt, in batches. All prompts have the same length."""
        tokens: list[int] = []
        for start in range(0, len(prompts), _BATCH):
            batch = torch.tensor(prompts[start : start + _BATCH])
            tokens += self.model(batch, use_cache=False, logits_to_keep=1).logits[:, -1].argmax(-1).tolist()
        return tokens

    @torch.no_grad()
    def everything(self, ids: Sequence[int]) -> Everything:
        self._last.clear()
        output = self.eager(
            torch.tensor([ids]), use_cache=False, output_hidden_states=True, output_attentions=True, logits_to_keep=1
        )
        states = torch.stack([*(state[0] for state in output.hidden_states[:-1]), self._last[0][0]])
        x = self.eager.transformer.ln_f.forward(states).flatten(0, 1)
        top = self.eager.lm_head(x).topk(TOP).indices
        return Everything(states.numpy(), torch.cat(output.attentions).numpy(), top.numpy())

    @torch.no_grad()
    def _further(self, ids: Sequence[int]) -> Array:
        output = self.model(torch.tensor([ids]), past_key_values=self.past, use_cache=True, logits_to_keep=1)
        return output.logits[0, -1].numpy()
