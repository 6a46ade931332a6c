"""Compares generation with Hugging Face `transformers` on checkpoints with random weights.

Greedy and beam search, log-probabilities, and the tokens that temperature, top-k and top-p leave.

pip install -e ".[parity]"
python -m tests.parity.transformers_generation            # full size: 12 x 768, vocabulary 50257
python -m tests.parity.transformers_generation --record   # writes the small fixture that the normal tests read
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import GPT2LMHeadModel, LogitsProcessorList
from transformers.generation import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from tests.parity import script
from tests.parity.transformers_parity import ids_of_length
from udfs.backend.generate import beam_search, decoding, log_probabilities, sampling
from udfs.backend.generate.sampling import GREEDY, Sampling, random_numbers
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import END_OF_TEXT
from udfs.backend.stream import residual_stream

FIXTURE = Path(__file__).parents[1] / "fixtures" / "generation_tiny.json"
N_PROMPT, N_TOKENS = 8, 24
BEAMS = (2, 3, 5)
SAMPLINGS = (
    Sampling(1, 0, 0.3), Sampling(1, 0, 0.95), Sampling(0.5, 0, 0.9), Sampling(2, 40, 1), Sampling(0.7, 50, 0.5),
    Sampling(1.3, 7, 0.8), Sampling(1, 1, 1), Sampling(1, 0, 0),
)  # fmt: skip


def reference(folder: Path, ids: list[int]) -> dict[str, Any]:
    """The results of transformers."""
    model = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()
    given = torch.tensor([ids])
    same = {"attention_mask": torch.ones_like(given), "max_new_tokens": N_TOKENS, "do_sample": False}
    with torch.no_grad():
        greedy = model.generate(given, eos_token_id=END_OF_TEXT, pad_token_id=END_OF_TEXT, **same)[0].tolist()
        logits = model(torch.tensor([greedy])).logits[0]
    continuation = greedy[len(ids) :]
    last = _beams(model, given, max(BEAMS), END_OF_TEXT, same)["texts"][-1]
    stops = dict.fromkeys(
        [END_OF_TEXT, continuation[2], *last[4:12:2]]
    )  # all but the first of these end some beams early
    return {
        "ids": ids,
        "greedy": continuation,
        "log_probabilities": logits[:-1].log_softmax(-1).gather(1, torch.tensor(greedy[1:])[:, None])[:, 0].tolist(),
        "beams": [_beams(model, given, n, stop, same) for n in BEAMS for stop in stops],
        "distributions": [_kept(logits[len(ids) - 1], how) for how in SAMPLINGS],
    }


def _beams(model: Any, given: torch.Tensor, n_beams: int, stop: int, same: dict[str, Any]) -> dict[str, Any]:
    with torch.no_grad():
        found = model.generate(
            given,
            num_beams=n_beams,
            num_return_sequences=n_beams,
            eos_token_id=stop,
            pad_token_id=stop,
            return_dict_in_generate=True,
            output_scores=True,
            **same,
        )
    texts = [_up_to(sequence[given.shape[1] :].tolist(), stop) for sequence in found.sequences]
    return {"n_beams": n_beams, "stop": stop, "texts": texts, "scores": found.sequences_scores.tolist()}


def _up_to(ids: list[int], stop: int) -> list[int]:
    return ids[: ids.index(stop) + 1] if stop in ids else ids


def _kept(logits: torch.Tensor, how: Sampling) -> dict[str, Any]:
    """Ids and probabilities of the tokens left after the cuts, in the order of `GenerationMixin._get_logits_processor`.

    In float64, because in float32 a running sum over fifty thousand tokens is off by more than the last probabilities.
    """
    cuts = LogitsProcessorList([TemperatureLogitsWarper(float(how.temperature))])
    if how.top_k:
        cuts.append(TopKLogitsWarper(how.top_k))
    if how.top_p < 1:
        cuts.append(TopPLogitsWarper(how.top_p))
    probabilities = cuts(torch.zeros(1, 1, dtype=torch.long), logits[None].double())[0].softmax(-1)
    kept = probabilities.nonzero()[:, 0].tolist()
    shown = {"n_kept": len(kept), "ids": kept[:200], "probabilities": probabilities[kept[:200]].tolist()}
    return {"sampling": [how.temperature, how.top_k, how.top_p], **shown}


def ours(model: Model, expected: dict[str, Any]) -> dict[str, Any]:
    """The same results by this project."""
    ids = expected["ids"]
    greedy = [step.token for step in decoding.steps(ids, N_TOKENS, model, GREEDY, random_numbers())]
    logits = forward.unembed(residual_stream(ids, model)[-1][-1:], model)[0]
    return {
        "ids": ids,
        "greedy": greedy,
        "log_probabilities": [of.log_probability for of in log_probabilities.predictions([*ids, *greedy], model)],
        "beams": [_our_beams(model, ids, of["n_beams"], of["stop"]) for of in expected["beams"]],
        "distributions": [_our_kept(sampling.distribution(logits, how)) for how in SAMPLINGS],
    }


def _our_beams(model: Model, ids: list[int], n_beams: int, stop: int) -> dict[str, Any]:
    found = beam_search.beams(ids, N_TOKENS, n_beams, model, stop)
    texts, scores = [list(of.tokens) for of in found], [of.score for of in found]
    return {"n_beams": n_beams, "stop": stop, "texts": texts, "scores": scores}


def _our_kept(probabilities: np.ndarray) -> dict[str, Any]:
    kept = np.flatnonzero(probabilities).tolist()
    return {"n_kept": len(kept), "ids": kept[:200], "probabilities": probabilities[kept[:200]].tolist()}


def compare(folder: Path) -> None:
    """Prints which results are equal, and the largest differences."""
    expected = reference(folder, ids_of_length(N_PROMPT))
    found = ours(script.load(folder), expected)
    print(f"greedy, {len(found['greedy'])} ids equal: {found['greedy'] == expected['greedy']}")
    difference = np.abs(np.subtract(found["log_probabilities"], expected["log_probabilities"])).max()
    print(f"log-probabilities of {len(found['log_probabilities'])} tokens, largest difference: {difference:.1e}")
    for mine, theirs in zip(found["beams"], expected["beams"], strict=True):
        lengths = [len(text) for text in mine["texts"]]
        largest = np.abs(np.subtract(mine["scores"], theirs["scores"])).max()
        same = mine["texts"] == theirs["texts"]
        print(f"{mine['n_beams']} beams of {lengths} tokens, ids equal: {same}, scores differ by {largest:.1e}")
    for how, mine, theirs in zip(SAMPLINGS, found["distributions"], expected["distributions"], strict=True):
        largest = np.abs(np.subtract(mine["probabilities"], theirs["probabilities"])).max()
        same = (mine["n_kept"], mine["ids"]) == (theirs["n_kept"], theirs["ids"])
        print(f"{how}: {mine['n_kept']} tokens kept, ids equal: {same}, probabilities differ by {largest:.1e}")


def record(folder: Path, fixture: Path) -> None:
    """Writes the results of transformers for a short prompt."""
    fixture.write_text(json.dumps(reference(folder, ids_of_length(N_PROMPT))) + "\n", encoding="utf-8")


if __name__ == "__main__":
    script.main(__doc__, compare, record, FIXTURE)
