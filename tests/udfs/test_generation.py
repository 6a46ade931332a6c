"""GPT2_GENERATE, GPT2_BEAM, GPT2_LOGPROBS, GPT2_SPECULATE, and the functions that show their steps."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import udfs
from tests.random_checkpoint import write_checkpoint
from udfs.backend.gpt2 import tokenizer
from udfs.cells import CellError
from udfs.models.demo.facts import facts

PROMPT = "Mike is"
HOW = (0.9, 40, 0.9, 3)
DRAFT = "demo ; scale h.10.mlp by 0"


def rows(table: list[list[object]]) -> list[dict[str, object]]:
    return [dict(zip(table[0], row, strict=False)) for row in table[1:]]


def test_the_default_is_greedy_and_stops_before_the_end_of_the_text() -> None:
    greedy = facts().greedy
    text = udfs.gpt2_generate(greedy.prompt, 30, model="demo")
    assert text == greedy.text
    assert udfs.gpt2_generate(greedy.prompt, 30, 0, None, None, 77, "demo") == text
    assert udfs.gpt2_generate(greedy.prompt, 3, model="demo") == tokenizer.decode(tokenizer.encode(text)[:3])
    assert text.startswith(udfs.gpt2_generate(greedy.prompt, model="demo"))
    assert udfs.gpt2_predict(greedy.prompt + text, 1, 0, "demo")[1][1] == "<|endoftext|>"


def test_a_blank_seed_is_0_and_other_seeds_give_other_texts() -> None:
    texts = {seed: udfs.gpt2_generate(PROMPT, 12, 1, 40, 0.9, seed, "demo") for seed in (None, "", 0, 1, 2.0, 3)}
    assert texts[None] == texts[""] == texts[0]
    assert len(set(texts.values())) == 4


def test_another_process_draws_the_same_text() -> None:
    """The text depends only on the arguments."""
    code = f"import udfs; print(ascii(udfs.gpt2_generate({PROMPT!r}, 12, *{HOW}, 'demo')))"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == ascii(udfs.gpt2_generate(PROMPT, 12, *HOW, "demo"))


def test_the_steps_show_how_each_token_was_drawn() -> None:
    text = udfs.gpt2_generate(PROMPT, 12, *HOW, "demo")
    table = udfs.gpt2_generate_steps(PROMPT, 12, *HOW, 6, "demo")
    assert table[0][8:] == [cell for number in range(1, 7) for cell in (number, "probability")]
    found = rows(table)
    ids = [row["id"] for row in found if row["token"] != "<|endoftext|>"]
    assert tokenizer.decode(ids) == text
    for row, cells in zip(found, table[1:], strict=True):
        assert 1 <= row["rank"] <= row["after top_p"] <= row["after top_k"] == 40
        if row["rank"] <= 6:
            assert cells[8 + 2 * (row["rank"] - 1)] == row["token"]
        shares = cells[9::2]
        assert shares == sorted(shares, reverse=True)


def test_the_candidates_show_which_token_a_number_draws() -> None:
    first = udfs.gpt2_generate_steps(PROMPT, 1, *HOW, 1, "demo")[1]
    table = rows(udfs.gpt2_candidates(PROMPT, 40, *HOW[:3], "demo"))
    drawn = next(row for row in table if row["up to"] > first[3])
    assert (drawn["token"], drawn["rank"], drawn["top_p"]) == (first[1], first[4], first[5])
    plain = rows(udfs.gpt2_predict(PROMPT, 40, HOW[0], "demo"))
    assert [row["token"] for row in table] == [row["token"] for row in plain]
    np.testing.assert_allclose([row["temperature"] for row in table], [row["probability"] for row in plain], rtol=1e-5)
    kept = [row for row in table if row["top_p"]]
    assert len(kept) == first[7] < len([row for row in table if row["top_k"]]) == first[6] == 40
    assert sum(row["top_p"] for row in kept) == pytest.approx(1) == kept[-1]["up to"]


def test_beams_are_ranked_by_the_log_probability_of_their_texts() -> None:
    found = rows(udfs.gpt2_beam(PROMPT, 20, 4, "demo"))
    assert [row["beam"] for row in found] == [1, 2, 3, 4]
    assert [row["score"] for row in found] == sorted((row["score"] for row in found), reverse=True)
    for row in found:
        read = rows(udfs.gpt2_logprobs(f"{PROMPT}{row['text']}<|endoftext|>", "demo"))
        assert sum(of["log-probability"] for of in read[2:]) == pytest.approx(row["log-probability"], abs=1e-3)
        assert row["score"] == pytest.approx(row["log-probability"] / row["tokens"])
    assert rows(udfs.gpt2_beam(PROMPT, 20, 1, "demo"))[0]["text"] == udfs.gpt2_generate(PROMPT, 20, model="demo")


def test_the_beams_steps_lead_to_the_beams() -> None:
    steps = rows(udfs.gpt2_beam_steps(PROMPT, 8, 3, "demo"))
    assert len(steps) == 8 * 6
    before: dict[object, str] = {None: ""}
    for number in range(1, 9):
        step = [row for row in steps if row["step"] == number]
        for row in step:
            assert row["text"] == before[row["from"]] + ("" if row["token"] == "<|endoftext|>" else row["token"])
        before = {row["becomes"]: row["text"] for row in step if row["becomes"] in (1, 2, 3)}
        assert len(before) == (0 if number == 8 else 3)
    ended = [row for row in steps if row["becomes"] == "ended"]
    best = sorted(ended, key=lambda row: -row["log-probability"] / row["step"])[:3]  # a text has a token for each step
    assert [row["text"] for row in best] == [row["text"] for row in rows(udfs.gpt2_beam(PROMPT, 8, 3, "demo"))]


def test_log_probabilities_of_a_text() -> None:
    found = rows(udfs.gpt2_logprobs("Mike is quick. He moves quickly", "demo"))
    assert list(found[0].values()) == [0, "Mike", *[None] * 7]
    assert found[-1]["token"] == " quickly" == found[-1]["expected"]
    assert found[-1]["rank"] == 1
    logs = [row["log-probability"] for row in found[1:]]
    assert found[-1]["perplexity"] == pytest.approx(math.exp(-sum(logs) / len(logs)))
    predicted = rows(udfs.gpt2_predict("Mike is quick. He moves", 1, 1, "demo"))[0]
    assert found[-1]["probability"] == pytest.approx(predicted["probability"], abs=1e-6)
    with_bos = rows(udfs.gpt2_logprobs("Mike", "demo ; bos"))
    assert [row["token"] for row in with_bos] == ["<|endoftext|>", "Mike"]
    assert with_bos[1]["surprise"] == pytest.approx(-math.log2(with_bos[1]["probability"]))


def test_the_trace_of_speculation_adds_up_to_the_text() -> None:
    traces = (rows(udfs.gpt2_speculate(PROMPT, 20, DRAFT, seed, None, 4, "demo")) for seed in range(1, 50))
    found = next(trace for trace in traces if {"accepted", "rejected"} <= {row["outcome"] for row in trace})
    kept = [row for row in found if row["outcome"] in ("accepted", "replacement", "extra")]
    assert [row["position"] for row in kept] == list(range(len(kept)))
    end = "<|endoftext|>"
    assert "".join(row["token"] for row in kept if row["token"] != end) == found[-1]["text"] == kept[-1]["text"]
    for row in found:
        if row["outcome"] in ("accepted", "rejected"):
            assert row["accept"] == pytest.approx(min(1, row["model"] / row["draft"]))
            assert (row["random"] < row["accept"]) == (row["outcome"] == "accepted")
    greedy = udfs.gpt2_speculate(PROMPT, 20, DRAFT, 1, 0, 4, "demo")
    assert greedy[-1][10] == udfs.gpt2_generate(PROMPT, 20, model="demo")


def test_the_default_draft_is_the_model_without_its_last_block() -> None:
    last = "demo ; scale h.11.attn by 0 ; scale h.11.mlp by 0"
    assert udfs.gpt2_speculate(PROMPT, 9, None, 4, model="demo") == udfs.gpt2_speculate(
        PROMPT, 9, last, 4, model="demo"
    )


def test_prompt_and_continuation_can_fill_the_whole_context() -> None:
    prompt = "one two three four " * 12 + "five six seven"
    n_prompt = len(tokenizer.encode(prompt))
    left = 64 - n_prompt
    assert udfs.gpt2_generate_steps(prompt, left, model="tiny")[-1][0] == left
    for function in (udfs.gpt2_generate, udfs.gpt2_beam, udfs.gpt2_speculate):
        with pytest.raises(
            CellError, match=f"^tokens must be 1 to {left} here, because the prompt has {n_prompt} and tiny"
        ):
            function(prompt, left + 1, model="tiny")
    with pytest.raises(CellError, match="prompt must have 1 to 63 tokens so that tiny can continue it, not 64"):
        udfs.gpt2_generate(prompt + " eight" * left, 1, model="tiny")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: udfs.gpt2_beam(PROMPT, 3, 65, "tiny"), "beams must be 1 to 64, not 65"),
        (lambda: udfs.gpt2_speculate(PROMPT, 3, None, 0, 1, 65, "tiny"), "ahead must be 1 to 64, not 65"),
        (lambda: udfs.gpt2_generate_steps(PROMPT, 3, 0, 0, 1, 0, 9000, "tiny"), "k must be 1 to 8188"),
    ],
)  # fmt: skip
def test_too_much_is_one_line(call: object, message: str) -> None:
    with pytest.raises(CellError, match=message):
        call()


def test_a_draft_with_another_vocabulary_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    write_checkpoint(tmp_path / "other", "few")
    with pytest.raises(CellError, match=r"^draft must have the vocabulary of demo, 50257 tokens, not 4$"):
        udfs.gpt2_speculate(PROMPT, 3, "other", model="demo")
