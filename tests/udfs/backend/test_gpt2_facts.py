"""Published figures about the real GPT-2 small. To run: `pytest -m gpt2`, with GPT-2 on this machine."""

from __future__ import annotations

import numpy as np
import pytest

import udfs
from tests.whole_pass import all_logits, final_stream
from udfs.backend.arrays import Array
from udfs.backend.gpt2 import forward, tokenizer
from udfs.backend.gpt2.model import Model

pytestmark = pytest.mark.gpt2


def ids_of(prompt: str, bos: bool = False) -> list[int]:
    return [tokenizer.END_OF_TEXT] * bos + tokenizer.encode(prompt)


def logits_of(ids: list[int], model: Model) -> Array:
    return all_logits(ids, model)


def greedy(ids: list[int], n_tokens: int, model: Model) -> list[int]:
    for _ in range(n_tokens):
        residual = final_stream(ids, model)
        ids = [*ids, int(forward.unembed(residual[-1:], model).argmax())]
    return ids


def loss(ids: list[int], model: Model) -> float:
    """Mean cross-entropy of each next token, in nats."""
    probability = forward.softmax(logits_of(ids, model).astype(np.float64))
    return float(-np.log(probability[np.arange(len(ids) - 1), ids[1:]]).mean())


@pytest.mark.parametrize(
    ("prompt", "bos", "continuation"),
    [
        (  # README of jaymody/picoGPT
            "Alan Turing theorized that computers would one day become",
            False,
            " the most powerful machines on the planet.\n\nThe computer is a machine that can perform complex"
            " calculations, and it can perform these calculations in a way that is very similar to the human brain.",
        ),
        # tests/models/gpt2/test_modeling_gpt2.py of huggingface/transformers
        ("The dog", False, " was found in a field near the intersection of West and West Streets.\n\nThe dog"),
        ("Hello, my dog is a little", False, " bit of a mess. I'm not sure if he's going"),
        ("Today, I", False, "'m going to be doing a lot of research on this. I"),
        ("Hello this is a very long sentence", False, ". I'm sorry. I'm sorry. I'm sorry. I'm sorry. I'm sorry"),
        # README of elliottower2/gpt2-rti-zero-ablated
        ("The cat sat on the mat. The cat", False, " was a little bit older than me, but I"),
        # tests of hijohnnylin/neuronpedia
        ("Hello, world!", True, "\n\nI'm a programmer and I'm a"),
        ("My favorite animal is", True, " the dog. I love the dog. I love the dog"),
    ],
)
def test_greedy_continuations(gpt2: Model, prompt: str, bos: bool, continuation: str) -> None:
    ids = ids_of(prompt, bos)
    wanted = tokenizer.encode(continuation)
    assert tokenizer.decode(greedy(ids, len(wanted), gpt2)[len(ids) :]) == continuation


def test_a_happy_new_year(gpt2: Model) -> None:
    """explainextended.com, 31 December 2023."""
    rows = udfs.gpt2_predict("I wish you a happy New", 4, 1, "gpt2")[1:]
    assert [row[1] for row in rows] == [" Year", " Years", " year", " York"]
    np.testing.assert_allclose([row[4] for row in rows], [0.967553, 0.018199688, 0.003573329, 0.003114716], rtol=1e-3)


# TransformerLens's demos subtract the mean over the vocabulary from logits, and put <|endoftext|> before the prompt.


def test_milk_for_mary(gpt2: Model) -> None:
    """Exploratory_Analysis_Demo of TransformerLens."""
    logits = logits_of(ids_of("After John and Mary went to the store, John gave a bottle of milk to", True), gpt2)[-1]
    probability, centred = forward.softmax(logits), logits - logits.mean()
    expected = {
        " Mary": (0.7007, 18.09), " the": (0.0467, 15.38), " John": (0.0454, 15.35), " them": (0.0411, 15.25),
        " his": (0.0273, 14.84), " her": (0.0124, 14.06), " a": (0.0074, 13.54), " their": (0.0073, 13.52),
        " Jesus": (0.0049, 13.13), " him": (0.0042, 12.97),
    }  # fmt: skip
    ids = [tokenizer.encode(token)[0] for token in expected]
    assert np.argsort(-logits)[:10].tolist() == ids
    np.testing.assert_allclose(probability[ids], [p for p, _ in expected.values()], atol=1e-4)
    np.testing.assert_allclose(centred[ids], [logit for _, logit in expected.values()], atol=0.01)


@pytest.mark.parametrize(
    ("prompt", "bos", "right", "wrong", "difference"),
    [  # Exploratory_Analysis_Demo and Main_Demo of TransformerLens
        ("When John and Mary went to the shops, John gave the bag to", True, " Mary", " John", 3.337),
        ("When John and Mary went to the shops, Mary gave the bag to", True, " John", " Mary", 3.202),
        ("When Tom and James went to the park, James gave the ball to", True, " Tom", " James", 2.709),
        ("When Tom and James went to the park, Tom gave the ball to", True, " James", " Tom", 3.797),
        ("When Dan and Sid went to the shops, Sid gave an apple to", True, " Dan", " Sid", 1.720),
        ("When Dan and Sid went to the shops, Dan gave an apple to", True, " Sid", " Dan", 5.281),
        ("After Martin and Amy went to the park, Amy gave a drink to", True, " Martin", " Amy", 2.601),
        ("After Martin and Amy went to the park, Martin gave a drink to", True, " Amy", " Martin", 5.767),
        ("After John and Mary went to the store, Mary gave a bottle of milk to", True, " John", " Mary", 4.276),
        ("After John and Mary went to the store, John gave a bottle of milk to", True, " John", " Mary", -2.738),
        ("Claire and Mary went to the shops, then Mary gave a bottle of milk to", True, " Claire", " Mary", 6.754),
        ("Claire and Mary went to the shops, then Mary gave a bottle of milk to", False, " Claire", " Mary", 2.782),
    ],
)
def test_indirect_objects(gpt2: Model, prompt: str, bos: bool, right: str, wrong: str, difference: float) -> None:
    logits = logits_of(ids_of(prompt, bos), gpt2)[-1]
    right_id, wrong_id = tokenizer.encode(right)[0], tokenizer.encode(wrong)[0]
    assert logits[right_id] - logits[wrong_id] == pytest.approx(difference, abs=2e-3)


def test_losses(gpt2: Model) -> None:
    """Main_Demo and test_hooked_transformer.py of TransformerLens."""
    abstract = (
        "Natural language processing tasks, such as question answering, machine translation, reading comprehension, and"
        " summarization, are typically approached with supervised learning on taskspecific datasets."
    )
    assert loss(ids_of(abstract, True), gpt2) == pytest.approx(3.999, abs=1e-3)
    assert loss([50256, 15496, 995, 0], gpt2) == pytest.approx(5.331855773925781, abs=4e-5)


def test_a_chosen_probability(gpt2: Model) -> None:
    """Main_Demo of TransformerLens."""
    probability = forward.softmax(logits_of(ids_of("The cat sat on the mat.", True), gpt2)[-1])
    assert probability[tokenizer.encode(" The")[0]] == pytest.approx(0.1198, abs=1e-4)


def test_centred_logits(gpt2: Model) -> None:
    """A report by a user of TransformerLens (its thread 223)."""
    logits = logits_of(ids_of("hi how are you"), gpt2)
    centred = logits - logits.mean(axis=-1, keepdims=True)
    expected = [
        [5.9978, 6.2685, 3.3547, -1.4218, -0.4220, 5.4836],
        [7.1920, 6.1621, 0.3314, -0.5739, 0.5229, 3.9193],
        [5.5006, 4.7137, 0.9853, 1.6279, -1.1324, 3.6218],
        [10.5213, 8.5669, 2.3738, 0.3045, -0.8924, 4.7973],
    ]
    np.testing.assert_allclose(centred[:, [0, 1, 2, 50254, 50255, 50256]], expected, atol=2e-3)


def test_what_the_last_bias_prefers(gpt2: Model) -> None:
    """Main_Demo of TransformerLens: ln_f's bias through the unembedding, less its mean."""
    bias = gpt2["wte.weight"] @ gpt2["ln_f.bias"]
    bias = bias - bias.mean()
    top = [",", " the", " and", ".", "\n", " a", " in", " to", " of", "-"]
    ids = [tokenizer.encode(token)[0] for token in top]
    assert np.argsort(-bias)[:10].tolist() == ids
    np.testing.assert_allclose(bias[ids], [7.03, 6.98, 6.68, 6.49, 6.48, 6.47, 6.41, 6.25, 6.16, 6.04], atol=0.01)
    assert bias[[tokenizer.encode(name)[0] for name in (" John", " Mary")]].tolist() == pytest.approx(
        [2.8995, 1.6034], abs=1e-3
    )


def test_the_first_heads_pattern(gpt2: Model) -> None:
    """poloclub/transformer-explainer, ex0.js. Its MLPs use exact GELU, so only block 0's attention is GPT-2's."""
    pattern = udfs.gpt2_residual("Data visualization empowers users to", "h.0.attn.head.0.pattern", "gpt2")
    expected = [
        [1, 0, 0, 0, 0, 0],
        [0.83881, 0.16119, 0, 0, 0, 0],
        [0.63153, 0.20561, 0.16286, 0, 0, 0],
        [0.46507, 0.21716, 0.24272, 0.07505, 0, 0],
        [0.28074, 0.34178, 0.21812, 0.08529, 0.07407, 0],
        [0.24696, 0.15263, 0.24739, 0.17646, 0.14202, 0.03455],
    ]
    np.testing.assert_allclose(pattern, expected, atol=1e-4)


def test_the_stream_after_block_0(gpt2: Model) -> None:
    """tests of hijohnnylin/neuronpedia: sums over channels with <|endoftext|> before the prompt."""
    sums = udfs.gpt2_residual("Hello, world!", "blocks.0.hook_resid_post", "gpt2 ; bos").sum(axis=1)[1:]
    np.testing.assert_allclose(sums, [54.14, 32.38, 19.46, 16.72], atol=0.1)
