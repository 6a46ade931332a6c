"""Many texts at once: a column of texts in, a row for each out."""

from __future__ import annotations

from udfs.backend import generate
from udfs.cells import Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells.arguments import Texts


@cell_function
def gpt2_score(texts: Texts, model: str = "") -> Table:
    """How well a model foresaw each of many texts: tokens, log-probability, perplexity, likeliest next token.

    texts: a column of texts, or several columns, read row by row

    log-probability, in nats, is the sum over the text's tokens; the first is not counted, because nothing comes before
    it. perplexity is e to the mean of -log-probability: as unsure as between that many equally likely tokens. Both are
    blank for a text of one token. Texts of equal length are computed together.

    Raises: CellError if a text has no tokens, or too many.
    Example: =GPT2_SCORE(A2:A501)
    """
    gpt2 = arg.model(model)
    found = generate.scores.scores(arg.each_prompt(texts, gpt2, "texts"), gpt2)
    rows = [[of.tokens, of.log_probability, of.perplexity, gpt2.token_text(of.next_token)] for of in found]
    return [["tokens", "log-probability", "perplexity", "next token"], *rows]
