"""GPT-2 in PyTorch for training, with the checkpoint's own parameter names and layouts.

The vocabulary is reduced: row i of `wte.weight` is GPT-2's token `tokens[i]`, and the last row stands for all other
tokens. Its one logit stands for `n_unknown` tokens, so log(n_unknown) is added to it (`shift`). This makes the
probabilities those of the full vocabulary. Architecture: Radford et al. 2019, as in Hugging Face's `GPT2LMHeadModel`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

_QUERIES: Final = 64
_TOKEN_STD: Final = 0.7
_POSITION_SIZE: Final = 0.4
_FINAL_GAIN: Final = 0.1
"""The embeddings start as large as the blocks' outputs become under Muon, or the first steps would drown them out.
The final norm starts small in turn, so that the tied unembedding begins with small logits."""


@dataclass(frozen=True)
class Shape:
    """The sizes of the network."""

    n_layer: int = 12
    n_head: int = 12
    n_embd: int = 96
    n_positions: int = 256


def waves(n_positions: int, width: int) -> Tensor:
    """Sines and cosines of the positions: [n_positions, width], as in Vaswani et al. 2017.

    The position embedding is learned. If it starts from waves, it finds "the token before" at all positions at once.
    """
    rates = 10_000.0 ** (-torch.arange(0, width, 2) / width)  # [width / 2]
    angles = torch.arange(n_positions)[:, None] * rates  # [n_positions, width / 2]
    return torch.cat((angles.sin(), angles.cos()), dim=1)  # [n_positions, width]


class Projection(nn.Module):
    """x @ weight + bias, with the weight stored as [in, out], as in GPT-2's checkpoint."""

    def __init__(self, n_in: int, n_out: int, std: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out) * std)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias  # [..., n_in] -> [..., n_out]


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """What each position gathers from itself and those before: 3 x [rows, n_head, length, head size] -> one of them.

    A block of queries meets only the keys up to its own end, which spares a third of the work in long rows.
    """
    length, gathered = q.shape[2], []
    for start in range(0, length, _QUERIES):
        end = min(start + _QUERIES, length)
        mask = torch.ones(end - start, end, dtype=torch.bool).tril(start)  # [queries, keys]
        block = functional.scaled_dot_product_attention(
            q[:, :, start:end], k[:, :, :end], v[:, :, :end], attn_mask=mask
        )
        gathered.append(block)
    return torch.cat(gathered, dim=2)


class Attention(nn.Module):
    """Causal multi-head self-attention."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.n_head = shape.n_head
        self.c_attn = Projection(shape.n_embd, 3 * shape.n_embd, shape.n_embd**-0.5)
        self.c_proj = Projection(shape.n_embd, shape.n_embd, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        rows, length, width = x.shape
        qkv = self.c_attn(x).view(rows, length, 3, self.n_head, width // self.n_head)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # 3 x [rows, n_head, length, head size]
        z = causal_attention(q, k, v)  # [rows, n_head, length, head size]
        out: Tensor = self.c_proj(z.transpose(1, 2).reshape(rows, length, width))
        return out


class MLP(nn.Module):
    """Two projections with GELU, in its tanh form, between them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        inner = 4 * shape.n_embd
        self.c_fc = Projection(shape.n_embd, inner, shape.n_embd**-0.5)
        self.c_proj = Projection(inner, shape.n_embd, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.c_proj(functional.gelu(self.c_fc(x), approximate="tanh"))
        return out


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(shape.n_embd, eps=1e-5)
        self.attn = Attention(shape)
        self.ln_2 = nn.LayerNorm(shape.n_embd, eps=1e-5)
        self.mlp = MLP(shape)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class Network(nn.Module):
    """Token and position embeddings, the blocks, the final norm, and the tied unembedding."""

    def __init__(self, shape: Shape, n_known: int, n_unknown: int) -> None:
        super().__init__()
        self.wte = nn.Embedding(n_known + 1, shape.n_embd)
        self.wpe = nn.Embedding(shape.n_positions, shape.n_embd)
        nn.init.normal_(self.wte.weight, std=_TOKEN_STD)
        self.wpe.weight.data = waves(shape.n_positions, shape.n_embd) * _POSITION_SIZE
        self.h = nn.ModuleList(Block(shape) for _ in range(shape.n_layer))
        self.ln_f = nn.LayerNorm(shape.n_embd, eps=1e-5)
        nn.init.constant_(self.ln_f.weight, _FINAL_GAIN)
        self.n_head = shape.n_head
        shift = torch.zeros(n_known + 1)
        shift[-1] = math.log(n_unknown)
        self.register_buffer("shift", shift, persistent=False)

    def stream(self, ids: Tensor) -> Tensor:
        """The normed residual stream after the last block: [rows, length] -> [rows, length, n_embd]."""
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]  # [rows, length, n_embd]
        for block in self.h:
            x = block(x)
        out: Tensor = self.ln_f(x)
        return out

    def forward(self, ids: Tensor) -> Tensor:
        """Logits over the reduced vocabulary: [rows, length] -> [rows, length, n_known + 1]."""
        return self.stream(ids) @ self.wte.weight.T + self.shift
