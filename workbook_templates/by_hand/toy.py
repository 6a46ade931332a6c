"""The toy model: six words, four channels, one head, two neurons. All its numbers fit on a page.

Verbs look for animals, and animals for verbs. The head copies whether the animal is a cat or a dog. The MLP takes the
verb out of the stream, so that a thing comes next.
"""

from __future__ import annotations

from typing import Final

WORDS: Final = ("do", "cats", "dogs", "love", "mice", "bones")
PROMPT: Final = ("do", "cats", "love")
OTHER: Final = "dogs"
"""In place of the second word, it changes the answer."""

CHANNELS: Final = ("cat-like", "animal", "verb", "dog-like")
ASKED: Final = ("animal?", "verb?")
COPIED: Final = ("cat-like", "dog-like")
NEURONS: Final = ("neuron 0", "neuron 1")

Matrix = tuple[tuple[float, ...], ...]

WTE: Final[Matrix] = ((1, -1, 1, -1), (2, 2, -2, -2), (-2, 2, -2, 2), (0, -2, 3, 0), (3, -1, -1, -1), (-1, -1, -1, 3))
WPE: Final[Matrix] = ((1, 0, 0, 1), (0, 0, 0, 0), (0, 0, -1, 0))
W_Q: Final[Matrix] = ((0, 0), (0, 1), (1, 0), (0, 0))
W_K: Final[Matrix] = ((0, 0), (1, 0), (0, 1), (0, 0))
W_V: Final[Matrix] = ((2, 0), (0, 0), (0, 0), (0, 2))
ATTN_C_PROJ: Final[Matrix] = ((1, 0, 0, 0), (0, 0, 0, 1))
C_FC: Final[Matrix] = ((0, 0), (-1, 2), (2, -1), (0, 0))
MLP_C_PROJ: Final[Matrix] = ((0, 0, -2, 0), (0, -2, 2, 0))
