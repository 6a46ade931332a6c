"""A fact rewritten: the smallest edit of one MLP after which a prompt has another answer."""

from __future__ import annotations

import numpy as np

from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.edits import EditFact
from udfs.backend.next_token import next_logits, probabilities
from udfs.backend.stream import residual_stream
from udfs.cells import Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells.arguments import Token
from udfs.weights import with_operation


@cell_function
def gpt2_edit_fact(prompt: str, subject: str, answer: Token, layer: int, model: str = "") -> Table:
    """Rewrites a fact (ROME): the text of a model in which the prompt has another answer, and how well that holds.

    prompt: a text that the model completes with a fact: The capital of France is
    subject: what the fact is about, a part of the prompt: France
    answer: the new answer, one token: its text, usually with the space before it, or its id as a number
    layer: the block whose MLP is edited, counted from 0

    Returns model text, before, after and size: the answer's probability before and after the edit, and the length of
    the change divided by the length of the matrix. The edit W + (C^-1 k) d^T / (k^T C^-1 k) changes what the MLP writes
    at the subject's last token, and as little as possible elsewhere. Early layers work best.

    Raises: CellError if subject is not in the prompt, or if answer is not one token.
    Source: Meng et al. 2022, "Locating and Editing Factual Associations in GPT".
    Example: =GPT2_EDIT_FACT("The capital of France is", "France", " Rome", 1, "demo")
    """
    gpt2 = arg.model(model)
    ids, token, block = arg.prompt(prompt, gpt2), arg.token(answer, gpt2, "answer"), arg.layer(layer, gpt2)
    texts = arg.text(prompt, "prompt"), gpt2.tokenizer.decode([token]), arg.text(subject, "subject")
    text = with_operation(gpt2, EditFact(f"h.{block}.mlp", *texts), "prompt")
    edited, name = arg.model(text), f"h.{block}.mlp.c_proj.weight"
    size = np.linalg.norm(edited[name] - gpt2[name]) / np.linalg.norm(gpt2[name])
    held = [_probability(ids, token, of) for of in (gpt2, edited)]
    return [["model text", "before", "after", "size"], [text, *held, float(size)]]


def _probability(ids: list[int], token: int, model: Model) -> float:
    return float(probabilities(next_logits(residual_stream(ids, model)[-1][-1:], model))[0, token])
