"""From the text of a prompt to the token ids that a model reads."""

from __future__ import annotations

from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.model import Model


def prompt_ids(text: str, model: Model, name: str = "prompt", bos: bool | None = None) -> list[int]:
    """The ids of a text, with `<|endoftext|>` first if `bos` is true. If it is None, the model text decides.

    Raises ModelError, which calls the text `name`, if it has no tokens, too many, or one that is not in the model's
    vocabulary.
    """
    begin = model.bos if bos is None else bos
    ids = [*([end_of_text(model)] if begin else []), *model.tokenizer.encode(text)]
    if not 1 <= len(ids) <= model.config.n_ctx:
        raise ModelError(f"{name} must have 1 to {model.config.n_ctx} tokens for {model.name}, not {len(ids)}")
    if max(ids) >= model.config.n_vocab:
        token = model.tokenizer.token_text(max(ids))
        raise ModelError(f"{name} has the token {quoted(token)}, which is not in the vocabulary of {model.name}")
    return ids


def end_of_text(model: Model) -> int:
    """The id of `<|endoftext|>`. Raises ModelError if the model's tokenizer has no such token."""
    if model.tokenizer.end_of_text is None:
        raise ModelError(f"bos needs <|endoftext|>, which the tokenizer of {model.name} has no token for")
    return model.tokenizer.end_of_text
