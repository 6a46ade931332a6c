"""Text to tokens, tokens to embeddings."""

from __future__ import annotations

from itertools import islice

import numpy as np
from numpy.typing import ArrayLike

from udfs.backend.arrays import Array
from udfs.backend.fast.threads import in_shares
from udfs.backend.gpt2.merging import MergeStep
from udfs.backend.gpt2.tokenizer import bytes_text
from udfs.backend.next_token import top
from udfs.cells import CellError, Table, cell_function
from udfs.cells import arguments as arg

_MAX_STEPS = 1_000  # rows of a trace that a person would still read
_LONG, _NEAR = 1000, 100  # bytes of a piece


@cell_function
def gpt2_tokenize(text: str, model: str = "") -> Table:
    """The tokens of a text: position, token, id.

    text: any text; <|endoftext|> in it is the special token 50256
    model: the model whose tokenizer is used; all published GPT-2s have the same

    Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.2.
    Example: =GPT2_TOKENIZE("Mike is quick. He moves")
    """
    tokenizer = arg.model(model).tokenizer
    ids = tokenizer.encode(arg.text(text, "text"))
    rows = [[position, tokenizer.token_text(token), token] for position, token in enumerate(ids)]
    return [["position", "token", "id"], *rows]


@cell_function
def gpt2_bpe_steps(text: str, model: str = "") -> Table:
    """How a text becomes tokens, merge by merge: piece, pair, rank, and the piece's parts after the merge.

    Byte-pair encoding cuts the text into pieces (words, with the space before them) and each piece into single bytes.
    Then it joins the neighbours whose pair has the lowest rank, until no pair is in GPT-2's list of 50,000 merges. A
    piece of one byte needs no merge and has no row. At most 1,000 merges are shown, and of a piece of more
    than 1,000 bytes only the parts near the merge.

    model: the model whose tokenizer is used; all published GPT-2s have the same

    Source: Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with Subword Units".
    Example: =GPT2_BPE_STEPS("reinjury")
    """
    tokenizer = arg.model(model).tokenizer
    show = bytes_text
    rows = [
        [_shortened(step.piece), " + ".join(map(show, step.pair)), step.rank, _after(step)]
        for step in islice(tokenizer.merge_steps(arg.text(text, "text")), _MAX_STEPS)
    ]
    return [["piece", "pair", "rank", "after the merge"], *rows]


def _shortened(piece: bytes) -> str:
    """The beginning of a long piece: a sheet has no room for a thousand rows with all of it."""
    return bytes_text(piece[:_LONG]) + "…" * (len(piece) > _LONG)


def _after(step: MergeStep) -> str:
    """The parts of a piece after a merge; of a long piece those near the merge."""
    if len(step.piece) <= _LONG:
        return " | ".join(map(bytes_text, step.pieces))
    return " | ".join(["…", *map(bytes_text, step.pieces_near(_NEAR)), "…"])


@cell_function
def gpt2_detokenize(ids: ArrayLike, model: str = "") -> str:
    """The text of token ids, read row by row.

    model: the model whose tokenizer is used; all published GPT-2s have the same

    Raises: CellError if an id is not in the model's vocabulary.
    Example: =GPT2_DETOKENIZE(C3:C8)
    """
    gpt2 = arg.model(model)
    return gpt2.tokenizer.decode(arg.ids(ids, gpt2))


@cell_function
def gpt2_nearest_tokens(vector: ArrayLike, k: int = 10, model: str = "") -> Table:
    """The tokens whose embeddings point in the most similar direction: rank, token, id, cosine similarity.

    vector: one row of n_embd numbers
    k: how many tokens

    Raises: CellError if vector is not one row of n_embd numbers, or if it is all zeros.
    Example: =GPT2_NEAREST_TOKENS(GPT2_EMBED(4171), 5)
    """
    gpt2 = arg.model(model)
    wte, direction = gpt2["wte.weight"], arg.numbers(vector, "vector", gpt2.dtype)
    if direction.shape != (1, wte.shape[1]):
        n_rows, n_columns = direction.shape
        raise CellError(f"vector must be 1 x {wte.shape[1]} cells for {gpt2.name}, not {n_rows} x {n_columns}")
    largest = np.abs(direction).max()
    if largest == 0:
        raise CellError("vector must have a number other than zero")
    direction /= largest  # so that no square is beyond the range of its type, or rounded to zero
    similarity = _cosines(wte, direction[0])
    rows = [
        [rank, gpt2.token_text(token), int(token), float(similarity[token])]
        for rank, token in enumerate(top(similarity, arg.count(k, "k")), start=1)
    ]
    return [["rank", "token", "id", "similarity"], *rows]


def _cosines(wte: Array, direction: Array) -> Array:
    """The cosine similarity of each embedding with a direction: `[n_vocab, n_embd]` and `[n_embd]` -> `[n_vocab]`."""

    def of(share: slice) -> Array:
        rows = wte[share]
        squares = np.einsum("ij,ij->i", rows, rows)  # unlike np.linalg.norm, without a copy of the rows
        lengths = np.maximum(np.sqrt(squares), np.finfo(np.float32).tiny)
        cosines: Array = rows @ direction / (lengths * np.linalg.norm(direction))
        return cosines

    return np.concatenate(in_shares(len(wte), of))


@cell_function
def gpt2_embed(ids: ArrayLike, model: str = "") -> Array:
    """Token embeddings: a row of wte for each id, n_embd columns.

    Raises: CellError if an id is not in the model's vocabulary.
    Example: =GPT2_EMBED(Tokens!C3:C8)
    """
    gpt2 = arg.model(model)
    return gpt2.rows("wte.weight", arg.ids(ids, gpt2))


@cell_function
def gpt2_position(ids: ArrayLike, model: str = "") -> Array:
    """Position embeddings: a row of wpe for each id, chosen by the id's position, not by its value.

    ids: the token ids; only their number matters

    Raises: CellError if there are more ids than the model has positions.
    Example: =GPT2_POSITION(Tokens!C3:C8)
    """
    gpt2 = arg.model(model)
    n_ids, n_ctx = len(arg.ids(ids, gpt2)), gpt2.config.n_ctx
    if n_ids > n_ctx:
        raise CellError(f"ids must have 1 to {n_ctx} cells for {gpt2.name}, not {n_ids}")
    positions: Array = gpt2["wpe.weight"][:n_ids]
    return positions
