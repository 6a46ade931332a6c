"""Text to tokens, tokens to embeddings."""

from __future__ import annotations

from itertools import islice

import numpy as np

from udfs import arguments as arg
from udfs.backend.arrays import Array
from udfs.backend.gpt2 import tokenizer
from udfs.backend.next_token import top
from udfs.cells import CellError, Table
from udfs.function import cell_function

_MAX_STEPS = 1_000  # rows of a trace that a person would still read


@cell_function
def gpt2_tokenize(text: arg.Text) -> Table:
    """The tokens of a text: position, token, id.

    text: any text; <|endoftext|> in it is the special token 50256

    Example: =GPT2_TOKENIZE("Mike is quick. He moves")
    """
    ids = tokenizer.encode(text)
    rows = [[position, tokenizer.token_text(token), token] for position, token in enumerate(ids)]
    return [["position", "token", "id"], *rows]


@cell_function
def gpt2_bpe_steps(text: arg.Text) -> Table:
    """How a text becomes tokens, merge by merge: piece, pair, rank, and the piece's parts after the merge.

    Byte-pair encoding cuts the text into pieces (words, with the space before them), starts each as single
    bytes, and joins the pair of neighbours with the lowest rank until none is in GPT-2's list of 50,000 merges. A
    piece of one byte needs no merge and has no row. At most 1,000 merges are shown.

    Example: =GPT2_BPE_STEPS("reinjury")
    """
    show = tokenizer.bytes_text
    rows = [
        [show(step.piece), " + ".join(map(show, step.pair)), step.rank, " | ".join(map(show, step.pieces))]
        for step in islice(tokenizer.merge_steps(text), _MAX_STEPS)
    ]
    return [["piece", "pair", "rank", "after the merge"], *rows]


@cell_function
def gpt2_detokenize(ids: arg.Ids) -> str:
    """The text that token ids stand for, read row by row.

    Example: =GPT2_DETOKENIZE(C3:C8)
    """
    return tokenizer.decode(ids)


@cell_function
def gpt2_nearest_tokens(vector: arg.Numbers, k: arg.Count = 10, model: arg.Model = arg.LEFT_OUT) -> Table:
    """The tokens whose embeddings point most nearly the same way: rank, token, id, cosine similarity.

    vector: one row of n_embd numbers

    Example: =GPT2_NEAREST_TOKENS(GPT2_EMBED(4171), 5)
    """
    wte = model["wte.weight"]
    if vector.shape != (1, wte.shape[1]):
        n_rows, n_columns = vector.shape
        raise CellError(f"vector must be 1 x {wte.shape[1]} cells for {model.name}, not {n_rows} x {n_columns}")
    length = np.linalg.norm(vector)
    if length == 0:
        raise CellError("vector must have a direction, not be all zeros")
    lengths = np.maximum(np.linalg.norm(wte, axis=1), np.finfo(np.float32).tiny)  # [n_vocab]
    similarity = wte @ vector[0] / (lengths * length)  # [n_vocab, n_embd] -> [n_vocab]
    rows = [
        [rank, tokenizer.token_text(token), int(token), float(similarity[token])]
        for rank, token in enumerate(top(similarity, k), start=1)
    ]
    return [["rank", "token", "id", "similarity"], *rows]


@cell_function
def gpt2_embed(ids: arg.Ids, model: arg.Model = arg.LEFT_OUT) -> Array:
    """Token embeddings: a row of wte for each id, n_embd columns.

    Example: =GPT2_EMBED(Tokens!C3:C8)
    """
    return model.rows("wte.weight", ids)


@cell_function
def gpt2_position(ids: arg.Ids, model: arg.Model = arg.LEFT_OUT) -> Array:
    """Position embeddings: a row of wpe for each id, by where it stands and not by what it is.

    ids: the token ids; only how many there are matters

    Example: =GPT2_POSITION(Tokens!C3:C8)
    """
    if len(ids) > model.config.n_ctx:
        raise CellError(f"ids must be 1 to {model.config.n_ctx} for {model.name}, not {len(ids)}")
    positions: Array = model["wpe.weight"][: len(ids)]
    return positions
