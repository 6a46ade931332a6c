"""Path patching. `tests/udfs/backend/test_transformer_lens.py` compares it with TransformerLens."""

from __future__ import annotations

import pytest

import udfs
from udfs.cells import CellError

_EARLY = "receivers must be heads of blocks after 1, that of sender, not {}"
PAIR = ("one two three four", "one five three four", " a", " b")


def test_the_last_block_has_only_the_direct_path() -> None:
    for head in range(4):
        table = udfs.gpt2_path_patch(*PAIR, f"h.2.attn.head.{head}", "", "tiny")
        share = udfs.gpt2_patch(*PAIR, "heads", "tiny")[3][1 + head]
        assert table == [["layer", "head", "q", "k", "v"], ["logits", None, pytest.approx(share, abs=1e-5), None, None]]


def test_blank_receivers_are_all_later_heads() -> None:
    every = udfs.gpt2_path_patch(*PAIR, "h.0.attn.head.2", None, "tiny")
    assert [row[:2] for row in every[2:]] == [[layer, head] for layer in (1, 2) for head in range(4)]
    some = udfs.gpt2_path_patch(*PAIR, "h.0.attn.head.2", [["h.2.attn.head.3"], ["h.1.attn"]], "tiny")
    assert [row[:2] for row in some[2:]] == [[1, 0], [1, 1], [1, 2], [1, 3], [2, 3]]
    assert some[1] == every[1]
    for row in some[2:]:
        expected = next(other for other in every if other[:2] == row[:2])
        assert row[2:] == pytest.approx(expected[2:], abs=1e-5)


def test_a_silent_sender_passes_nothing_on() -> None:
    table = udfs.gpt2_path_patch(*PAIR, "h.0.attn.head.2", "", "tiny ; scale h.0.attn.head.2 by 0")
    assert all(abs(value or 0) < 1e-5 for row in table[1:] for value in row[2:])


@pytest.mark.parametrize(
    ("sender", "receivers", "line"),
    [
        ("h.0.mlp", "", "sender must be a head such as h.9.attn.head.1, not h.0.mlp"),
        ("h.0.attn", "", "sender must be a head such as h.9.attn.head.1, not h.0.attn"),
        ("h.1.attn.head.1", "h.1.attn", _EARLY.format("h.1.attn.head.0")),
        ("h.1.attn.head.1", "h.2.mlp", _EARLY.format("h.2.mlp")),
    ],
)
def test_what_is_not_a_path_is_named(sender: str, receivers: str, line: str) -> None:
    with pytest.raises(CellError) as error:
        udfs.gpt2_path_patch(*PAIR, sender, receivers, "tiny")
    assert str(error.value) == line
