"""How each kind of fact is measured in a model.

A measure takes what a fact gives (a prompt, a layer) and a model, and returns the texts and numbers that the fact is
about. Log-probabilities and losses are in nats.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.generate import beam_search, decoding
from udfs.backend.generate.sampling import GREEDY, random_numbers
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.prompts import end_of_text, prompt_ids
from udfs.backend.gpt2.tokenizer import END_OF_TEXT
from udfs.backend.gpt2.vocabulary import END_OF_TEXT_TOKEN, VOCAB_BPE, characters
from udfs.backend.interpret import logit_lens, places, sae
from udfs.backend.next_token import log_softmax, next_logits, top
from udfs.backend.stream import residual_stream

Given: TypeAlias = Mapping[str, Any]
Found: TypeAlias = list[str | int | float]

_AUTOENCODERS = frozenset({"features", "feature", "similar features", "features like ones", "encoder columns"})


def lacks(kind: str, given: Given, model: Model) -> str:
    """What has to be downloaded before a fact can be measured; blank if nothing."""
    if kind in _AUTOENCODERS and given["layer"] not in sae.installed(model.name):
        return f"gpt2-excel download sae {given['layer']}"
    return ""


def _ids(given: Given, model: Model) -> list[int]:
    if "ids" in given:
        if max(given["ids"]) >= model.config.n_vocab:
            raise ModelError(f"{model.name} has no token {max(given['ids'])}")
        return list(given["ids"])
    ids = prompt_ids(given["prompt"], model, bos=given["bos"])
    return [*ids, end_of_text(model)] if given.get("end") else ids


def _logits(given: Given, model: Model) -> Array:
    """The logits after each token, `[n_seq, n_vocab]`."""
    return next_logits(residual_stream(_ids(given, model), model)[-1], model)


def _token(text: str, model: Model) -> int:
    """The id of a text that is one token."""
    ids = model.tokenizer.encode(text)
    if len(ids) != 1 or ids[0] >= model.config.n_vocab:
        raise ModelError(f"{text!r} is not one token of {model.name}")
    return ids[0]


def continuation(given: Given, model: Model) -> Found:
    """The text with which the model continues at temperature 0."""
    steps = decoding.steps(_ids(given, model), given["n_tokens"], model, GREEDY, random_numbers())
    return [model.tokenizer.decode([step.token for step in steps])]


def beam(given: Given, model: Model) -> Found:
    """The best continuation of a beam search."""
    return [model.tokenizer.decode(_best_beam(given, model))]


def beam_ids(given: Given, model: Model) -> Found:
    """The ids of the prompt and of the best continuation of a beam search."""
    return [*_ids(given, model), *_best_beam(given, model)]


def _best_beam(given: Given, model: Model) -> Sequence[int]:
    return beam_search.beams(_ids(given, model), given["n_tokens"], given["beams"], model)[0].tokens


def likeliest(given: Given, model: Model) -> Found:
    """The likeliest next tokens, as many as the fact names: for each its text, probability, logit or centred logit."""
    logits = _logits(given, model)[-1]
    measures: dict[str, Callable[[int], str | float]] = {
        "token": model.token_text,
        "probability": lambda token: float(np.exp(log_softmax(logits)[token])),
        "logit": lambda token: float(logits[token]),
        "centred logit": lambda token: float(logits[token] - logits.mean()),
    }
    tokens: list[int] = top(logits, given["k"]).tolist()
    return [measures[column](token) for token in tokens for column in given["columns"]]


def probability(given: Given, model: Model) -> Found:
    """The probability that one token comes next."""
    return [float(np.exp(log_softmax(_logits(given, model)[-1])[_token(given["token"], model)]))]


def logit_difference(given: Given, model: Model) -> Found:
    """The logit of one next token minus that of another."""
    right, wrong = (_token(text, model) for text in given["tokens"])
    logits = _logits(given, model)[-1]
    return [float(logits[right] - logits[wrong])]


def log_probabilities(given: Given, model: Model) -> Found:
    """The log-probability of each token after the first."""
    ids = _ids(given, model)
    logs = log_softmax(next_logits(residual_stream(ids, model)[-1][:-1], model))
    return [float(row[token]) for row, token in zip(logs, ids[1:], strict=True)]


def probabilities(given: Given, model: Model) -> Found:
    """The probability of each token after the first."""
    return np.exp(_numbers(log_probabilities(given, model))).tolist()


def surprisals(given: Given, model: Model) -> Found:
    """Minus the log-probability of each token after the first."""
    return (-_numbers(log_probabilities(given, model))).tolist()


def loss(given: Given, model: Model) -> Found:
    """The mean of the surprisals."""
    return [float(_numbers(surprisals(given, model)).mean())]


def sum_of_surprisals(given: Given, model: Model) -> Found:
    """The sum of the surprisals."""
    return [float(_numbers(surprisals(given, model)).sum())]


def perplexity(given: Given, model: Model) -> Found:
    """e to the loss."""
    return np.exp(_numbers(loss(given, model))).tolist()


def mean_perplexity(given: Given, model: Model) -> Found:
    """The perplexity of the first of several texts, and the mean of all."""
    found = [perplexity({**given, "prompt": prompt}, model)[0] for prompt in given["prompts"]]
    return [found[0], float(_numbers(found).mean())]


def loss_without_a_head(given: Given, model: Model) -> Found:
    """The loss if a head's values no longer depend on the text.

    The head keeps the values that ln_1's bias alone gives it. This constant is what TransformerLens folds away before
    it sets the values to zero.
    """
    layer, head, c_attn = given["layer"], given["head"], f"h.{given['layer']}.attn.c_attn"
    bias = model[f"h.{layer}.ln_1.bias"] @ model[f"{c_attn}.weight"] + model[f"{c_attn}.bias"]
    _, _, constant = forward.split_heads(bias[None], model.config.n_head)  # -> [n_head, 1, d_head]

    def hook(place: str, value: Array) -> Array:
        if place == f"blocks.{layer}.attn.hook_v":
            value = value.copy()
            value[head] = constant[head]
        return value

    ids = _ids(given, model)
    logs = log_softmax(forward.forward(ids, model, hook)[:-1])
    return [float(-np.mean([row[token] for row, token in zip(logs, ids[1:], strict=True)]))]


def logits(given: Given, model: Model) -> Found:
    """Some logits after some positions, each less the mean of its row if the fact says so."""
    found = _logits(given, model)
    if given.get("centred"):
        found = found - found.mean(axis=-1, keepdims=True)
    return found[np.ix_(given["positions"], given["columns"])].ravel().tolist()


def final_layer_norm(given: Given, model: Model) -> Found:
    """Some channels of the final LayerNorm's output at some positions."""
    found = forward.layer_norm(residual_stream(_ids(given, model), model)[-1], "ln_f", model)
    return found[np.ix_(given["positions"], given["columns"])].ravel().tolist()


def stream(given: Given, model: Model) -> Found:
    """Some channels of the last token's stream, less its mean over all channels."""
    last = _value(given, model)[-1]
    return (last - last.mean())[given["channels"]].tolist()


def sums_of_the_stream(given: Given, model: Model) -> Found:
    """The sum over the channels of each token's stream, without <|endoftext|>."""
    return _value(given, model)[1:].sum(axis=1).tolist()


def _value(given: Given, model: Model) -> Array:
    return places.value_at(places.parse_place(given["place"], model.config), _ids(given, model), model)


def pattern(given: Given, model: Model) -> Found:
    """Where one head looks from the last token."""
    place = f"h.{given['layer']}.attn.head.{given['head']}.pattern"
    return _value({**given, "place": place}, model)[-1].tolist()


def bias_of_the_unembedding(given: Given, model: Model) -> Found:
    """The part of the logits that ln_f's bias makes, less its mean: the largest with their tokens, then some tokens."""
    bias = model[model.config.unembedding] @ model["ln_f.bias"]
    bias = bias - bias.mean()
    largest: list[int] = top(bias, given["k"]).tolist()
    pairs: Found = [value for token in largest for value in (model.token_text(token), float(bias[token]))]
    return [*pairs, *(float(bias[_token(text, model)]) for text in given["tokens"])]


def lens(given: Given, model: Model) -> Found:
    """A token's rank and probability in the end, and the blocks after which the logit lens has it among the first."""
    ids, token = _ids(given, model), _token(given["token"], model)
    after = list(logit_lens.stages(ids, model).values())[1:]
    last = logit_lens.track(np.stack([residual[-1] for residual in after]), token, model)
    early = np.flatnonzero(last.ranks <= given["within"]).tolist()
    return [int(last.ranks[-1]), float(last.probabilities[-1]), *early]


def token_ids(given: Given, model: Model) -> Found:
    """The token ids of a text."""
    return list(model.tokenizer.encode(given["prompt"]))


def tokens(given: Given, model: Model) -> Found:
    """The tokens of a text."""
    return list(map(model.token_text, model.tokenizer.encode(given["prompt"])))


def checksum(given: Given, model: Model) -> Found:
    """The SHA-256 of GPT-2's vocab.bpe, and of the encoder.json that its tokens and ids make."""
    shown = characters()
    names = ["".join(shown[byte] for byte in model.tokenizer.token_bytes(i)) for i in range(END_OF_TEXT)]
    encoder = json.dumps({name: i for i, name in enumerate([*names, END_OF_TEXT_TOKEN])})
    return [hashlib.sha256(content).hexdigest() for content in (VOCAB_BPE.read_bytes(), encoder.encode())]


def features(given: Given, model: Model) -> Found:
    """The strongest features at each token, with their strengths."""
    strengths = _strengths(given, model)
    return [
        value
        for row, strongest in zip(strengths, top(strengths, given["k"]), strict=True)
        for feature in strongest.tolist()
        for value in (feature, float(row[feature]))
    ]


def feature(given: Given, model: Model) -> Found:
    """One feature's strength at each token after <|endoftext|>."""
    return _strengths(given, model)[1:, given["feature"]].tolist()


def _strengths(given: Given, model: Model) -> Array:
    """How strongly each feature is present at each token, `[n_seq, n_features]`; the stream is not centred."""
    stream = residual_stream(_ids(given, model), model)[given["layer"]]
    return sae.load_for(model, given["layer"]).encode(stream)


def similar_features(given: Given, model: Model) -> Found:
    """The features whose directions are most similar to one feature's, with the cosines."""
    autoencoder = sae.load_for(model, given["layer"])
    return _cosines(autoencoder.feature(given["feature"]), autoencoder, given["k"])


def features_like_ones(given: Given, model: Model) -> Found:
    """The features whose directions are most similar to a vector of ones, with the cosines."""
    autoencoder = sae.load_for(model, given["layer"])
    return _cosines(np.ones(autoencoder.n_embd), autoencoder, given["k"])


def _cosines(vector: Array, autoencoder: sae.SparseAutoencoder, k: int) -> Found:
    directions = autoencoder.tensor("W_dec")
    cosines = directions @ vector / (np.linalg.norm(directions, axis=1) * np.linalg.norm(vector))
    return [value for i in top(cosines, k).tolist() for value in (i, float(cosines[i]))]


def encoder_columns(given: Given, model: Model) -> Found:
    """The lengths of some columns of W_enc, then the sums of their numbers."""
    columns = sae.load_for(model, given["layer"]).tensor("W_enc")[:, given["features"]]
    return [*np.linalg.norm(columns, axis=0).tolist(), *columns.sum(axis=0).tolist()]


def _numbers(found: Sequence[str | int | float]) -> Array:
    return np.array(found, np.float64)


MEASURES: Mapping[str, Callable[[Given, Model], Found]] = {
    measure.__name__.replace("_", " "): measure
    for measure in (
        continuation, beam, beam_ids, likeliest, probability, logit_difference, log_probabilities, probabilities,
        surprisals, loss, sum_of_surprisals, perplexity, mean_perplexity, loss_without_a_head, logits, final_layer_norm,
        stream, sums_of_the_stream, pattern, bias_of_the_unembedding, lens, token_ids, tokens, checksum, features,
        feature, similar_features, features_like_ones, encoder_columns,
    )
}  # fmt: skip
