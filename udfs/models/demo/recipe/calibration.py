"""Whether the model is right as often as its probabilities promise (Guo et al. 2017)."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

N_BINS: Final = 10

_SIZE: Final = 320
_MARGIN: Final = 40


class Bin(NamedTuple):
    """The predictions whose confidence is in one tenth of the scale.

    n: how many
    confidence, accuracy: means over the predictions; 0 if there are none
    """

    n: int
    confidence: float
    accuracy: float


def bins(confidences: NDArray[np.float64], hits: NDArray[np.bool_]) -> list[Bin]:
    """The predictions by their confidence, in bins of equal width."""
    numbers = np.minimum((confidences * N_BINS).astype(int), N_BINS - 1)
    return [_bin(confidences[numbers == number], hits[numbers == number]) for number in range(N_BINS)]


def _bin(confidences: NDArray[np.float64], hits: NDArray[np.bool_]) -> Bin:
    return Bin(len(hits), float(confidences.mean()), float(hits.mean())) if len(hits) else Bin(0, 0.0, 0.0)


def expected_error(found: list[Bin]) -> float:
    """The mean distance of accuracy from confidence, weighted by the predictions in each bin."""
    total = sum(part.n for part in found)
    return sum(part.n * abs(part.accuracy - part.confidence) for part in found) / total


def svg(found: list[Bin]) -> str:
    """A reliability diagram: accuracy over confidence, a bar for each bin and the diagonal of perfect calibration."""
    width = (_SIZE - 2 * _MARGIN) / N_BINS
    bottom, right = _SIZE - _MARGIN, _SIZE - _MARGIN

    def height(share: float) -> float:
        return share * (_SIZE - 2 * _MARGIN)

    bars = "\n".join(
        f'<rect x="{_MARGIN + number * width:.1f}" y="{bottom - height(part.accuracy):.1f}" width="{width - 2:.1f}" '
        f'height="{height(part.accuracy):.1f}" fill="#4472c4"/>'
        for number, part in enumerate(found)
    )
    ticks = "\n".join(
        f'<text x="{_MARGIN + height(share):.0f}" y="{bottom + 16}" text-anchor="middle">{share:.1f}</text>'
        f'<text x="{_MARGIN - 6}" y="{bottom - height(share) + 4:.0f}" text-anchor="end">{share:.1f}</text>'
        for share in (0.0, 0.5, 1.0)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" font-family="Arial" font-size="11">
<rect width="{_SIZE}" height="{_SIZE}" fill="white"/>
{bars}
<path d="M {_MARGIN} {bottom} L {right} {_MARGIN}" stroke="#c00000" stroke-dasharray="4 3" fill="none"/>
<path d="M {_MARGIN} {_MARGIN} L {_MARGIN} {bottom} L {right} {bottom}" stroke="black" fill="none"/>
{ticks}
<text x="{_SIZE / 2:.0f}" y="{_SIZE - 6}" text-anchor="middle">probability of the top token</text>
<text transform="translate(12 {_SIZE / 2:.0f}) rotate(-90)" text-anchor="middle">how often it is right</text>
</svg>
"""
