from __future__ import annotations

import numpy as np
import pytest

import udfs
from udfs.backend.catalogue import load
from udfs.backend.gpt2.forward import softmax, unembed
from udfs.cells import CellError

DAYS = "If today is Tuesday, tomorrow is"
MODEL = "tiny"
PROMPT = "The cat sat on the cat"


def test_the_lens_finds_wednesday_on_the_way() -> None:
    table = udfs.gpt2_logitlens(DAYS, 2, None, "both", "demo")
    assert table[0] == ["layer", 1, "probability", 2, "probability"]
    assert [row[0] for row in table[1:]] == list(range(13))
    assert table[-1][1] == " Wednesday"
    answer = udfs.gpt2_predict(DAYS, 2, 1, "demo")
    assert table[-1][1::2] == [row[1] for row in answer[1:]]
    assert table[-1][2::2] == pytest.approx([row[4] for row in answer[1:]], abs=1e-6)
    track = udfs.gpt2_lens_track(DAYS, " Wednesday", None, "demo")
    assert track[0] == ["layer", "logit", "probability", "rank"]
    assert track[-1][2:] == pytest.approx([answer[1][4], 1], abs=1e-6)
    assert track[1][3] > 100


def test_the_lens_at_every_position_and_half() -> None:
    table = udfs.gpt2_logitlens(PROMPT, 2, "all", "tokens, halves", MODEL)
    assert table[0] == ["place", "The", 2, " cat", 2, " sat", 2, " on", 2, " the", 2, " cat", 2]
    assert [row[0] for row in table[1:]] == ["h.0", "h.0.mid", "h.1", "h.1.mid", "h.2", "h.2.mid", "h.3"]
    for position in (0, 3, -1):
        alone = udfs.gpt2_logitlens(PROMPT, 2, position, "tokens", MODEL)
        at = position % 6
        assert [row[1 + 2 * at : 3 + 2 * at] for row in table[1::2]] == [row[1:] for row in alone[1:]]


def test_entropy_and_divergence_of_the_lens_are_those_of_its_probabilities() -> None:
    entropy, divergence = (udfs.gpt2_logitlens(PROMPT, 1, "all", show, MODEL) for show in ("entropy", "kl"))
    assert entropy[0] == divergence[0] == ["layer", "The", " cat", " sat", " on", " the", " cat"]
    model = load(MODEL)
    ends = np.stack([udfs.gpt2_residual(PROMPT, place, MODEL)[2] for place in ("h.0", "h.3")])
    first, last = softmax(unembed(ends.astype(np.float32), model).astype(np.float64))
    assert entropy[1][3] == pytest.approx(-(first * np.log2(first)).sum(), rel=1e-4)
    assert divergence[1][3] == pytest.approx((last * np.log2(last / first)).sum(), rel=1e-3)
    assert divergence[-1][1:] == [0.0] * 6
    halves = udfs.gpt2_logitlens(PROMPT, 1, -1, "kl, halves", MODEL)
    assert halves[0] == ["place", "kl"]
    assert [row[0] for row in halves[1:3]] == ["h.0", "h.0.mid"]
    assert halves[1][1] == pytest.approx(divergence[1][6])


def test_positions_must_be_in_the_prompt() -> None:
    with pytest.raises(CellError, match=r"^position must be -6 to 5 for this prompt, not 6$"):
        udfs.gpt2_lens_track(PROMPT, 11, 6, MODEL)


def test_more_columns_than_a_sheet_has() -> None:
    with pytest.raises(CellError, match=r"^k must be 1 to 1365 here"):
        udfs.gpt2_logitlens(PROMPT, 1366, "all", "both", MODEL)


def test_a_target_must_be_one_token() -> None:
    with pytest.raises(CellError) as error:
        udfs.gpt2_lens_track(PROMPT, "lightsaber", None, MODEL)
    parts, hint = "'lights' + 'aber'", "with a space before it, ' lightsaber', it is one"
    assert str(error.value) == f"target must be one token, not 2: {parts}; {hint}"
    by_text, by_id = (udfs.gpt2_lens_track(PROMPT, target, None, MODEL) for target in (" the", 262))
    assert by_text == by_id


def test_where_a_head_looks() -> None:
    table = udfs.gpt2_attention(PROMPT, 1, 2, MODEL)
    assert table[0][1:] == [row[0] for row in table[1:]] == ["The", " cat", " sat", " on", " the", " cat"]
    pattern = np.array([row[1:] for row in table[1:]])
    np.testing.assert_allclose(pattern, udfs.gpt2_residual(PROMPT, "h.1.attn.head.2.pattern", MODEL), rtol=1e-5)


def test_scores_and_the_share_of_the_biases() -> None:
    table = udfs.gpt2_kq(PROMPT, 1, 2, MODEL)
    scores = udfs.gpt2_residual(PROMPT, "h.1.attn.head.2.scores", MODEL)
    assert [row[1:-1] for row in table[1:-1]] == scores
    q, k = (udfs.gpt2_residual(PROMPT, f"h.1.attn.head.2.{what}", MODEL) for what in "qk")
    bias = udfs.gpt2_weight("h.1.attn.c_attn.bias", None, None, None, None, MODEL)[0]
    b_q, b_k = bias[16:24], bias[32 + 16 : 32 + 24]
    in_common = (q - b_q) @ (k - b_k).T / np.sqrt(8)
    for i in range(6):
        for j in range(i + 1):
            rest = table[1 + i][1 + j] - table[-1][1 + j] - table[1 + i][-1]
            assert rest == pytest.approx(in_common[i, j], abs=1e-4)


def test_tokens_that_a_head_makes_equally_likely_are_ranked_by_id() -> None:
    table = udfs.gpt2_ov([[5], [7]], 1, 2, 2, f"{MODEL} ; scale h.1.attn.head.2 by 0")
    assert [row[1] for row in table[1:]] == [6, 8]


def test_what_a_head_writes() -> None:
    table = udfs.gpt2_ov([[" cat"], [3797], [" sat on"]], 1, 2, 3, MODEL)
    assert table[0] == ["token", "own rank", 1, 2, 3]
    assert [row[0] for row in table[1:]] == [" cat", " cat", " sat", " on"]
    assert table[1] == table[2]
    own = slice(16, 24)
    x = udfs.gpt2_layernorm(udfs.gpt2_embed([[3797]], MODEL), "h.1.ln_1", MODEL)
    v = udfs.gpt2_linear(x, "h.1.attn.c_attn", MODEL)[:, 64:][:, own]
    out = v @ udfs.gpt2_weight("h.1.attn.c_proj.weight", None, None, None, None, MODEL)[own]
    best = (
        udfs.gpt2_unembed(out, None, MODEL)[:, 0]
        - udfs.gpt2_weight("ln_f.bias", None, None, None, None, MODEL)[0]
        @ udfs.gpt2_embed([[token] for token in range(50257)], MODEL).T
    )
    assert udfs.gpt2_detokenize([[int(best.argmax())]]) == table[1][2]


def test_head_scores_are_means_of_patterns() -> None:
    table = udfs.gpt2_head_scores(PROMPT, MODEL)
    assert table[0] == ["layer", "head", "previous", "duplicate", "induction"]
    assert len(table) == 1 + 12
    pattern = udfs.gpt2_residual(PROMPT, "h.1.attn.head.2.pattern", MODEL)
    previous, duplicate, induction = table[1 + 6][2:]
    assert previous == pytest.approx(np.diag(pattern, -1).mean(), rel=1e-4)
    assert duplicate == pytest.approx(pattern[5, 1], rel=1e-4)  # only " cat" comes twice
    assert induction == pytest.approx(pattern[5, 2], rel=1e-4)  # " sat" followed it
    assert udfs.gpt2_head_scores("cat", MODEL)[1][2:] == [None, None, None]


def test_the_lens_of_what_each_part_writes() -> None:
    table = udfs.gpt2_logitlens("one two three", 2, -1, "both, outputs", "tiny")
    assert table[0][0] == "place"
    assert [row[0] for row in table[1:]] == [f"h.{layer}.{half}" for layer in range(3) for half in ("attn", "mlp")]
    for row in table[1:]:
        written = udfs.gpt2_residual("one two three", row[0], "tiny")[-1:]
        expected = udfs.gpt2_logits(written, 2, 1, "tiny")
        assert row[1::2] == [line[1] for line in expected[1:]]
        assert row[2::2] == pytest.approx([line[4] for line in expected[1:]], abs=1e-5)
