"""The weighted sum of cross-entropies over a large vocabulary, for a few positions at a time.

The logits of a whole batch do not fit in a processor's cache: 4,096 positions of 9,000 tokens are 147 MB. So the
gradients are computed together with the loss, and the logits of one chunk take the place of those before. This is the
idea of the fused loss in Liger Kernel (Hsu et al. 2024).
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_CHUNK: Final = 512


class _WeightedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, table: Tensor, shift: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        grad_x, grad_table = torch.empty_like(x), torch.zeros_like(table)
        buffer = x.new_empty(_CHUNK, len(table))
        total = x.new_zeros(())
        for start in range(0, len(x), _CHUNK):
            rows = slice(start, min(start + _CHUNK, len(x)))
            weight, target = weights[rows, None], targets[rows, None]  # [chunk, 1]
            logits = torch.addmm(shift, x[rows], table.T, out=buffer[: rows.stop - start])  # [chunk, n_vocab]
            logits -= logits.amax(1, keepdim=True)
            chosen = logits.gather(1, target)  # [chunk, 1]
            sums = logits.exp_().sum(1, keepdim=True)  # [chunk, 1]
            total += (weight * (sums.log() - chosen)).sum()
            slope = logits.mul_(weight / sums).scatter_add_(1, target, -weight)  # [chunk, n_vocab]
            torch.mm(slope, table, out=grad_x[rows])
            grad_table.addmm_(slope.T, x[rows])
        ctx.save_for_backward(grad_x, grad_table)
        return total

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]  # torch leaves it untyped
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        grad_x, grad_table = ctx.saved_tensors
        return grad * grad_x, grad * grad_table, None, None, None


def weighted_cross_entropy(x: Tensor, table: Tensor, shift: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum of the cross-entropies of the logits `x @ table.T + shift`.

    x: [n, n_embd]; table: [n_vocab, n_embd]; shift: [n_vocab], a constant; targets, weights: [n]
    """
    loss: Tensor = _WeightedCrossEntropy.apply(x, table, shift, targets, weights)
    return loss
