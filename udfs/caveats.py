"""What to know before you trust an answer: words that the model never learned, characters cut into bytes."""

from __future__ import annotations

from collections.abc import Sequence

from udfs.backend import catalogue
from udfs.backend.gpt2.tokenizer import Tokenizer
from udfs.cells import arguments as arg
from udfs.cells import cell_function
from udfs.models.demo.known import unlearned_words

_MOST = 5  # words or characters that are named


@cell_function
def gpt2_caveat(text: str, model: str = "") -> str:
    """What to know before you trust the answer to a prompt, in one line; blank if there is nothing to say.

    It names the words that demo never learned; the training texts of other models are not known here. It also names
    characters, such as an emoji, that are cut into several tokens.

    Example: =GPT2_CAVEAT("The quokka is", "demo")
    """
    gpt2, prompt = arg.model(model), arg.text(text, "text")
    words = unlearned_words(prompt) if gpt2.name == catalogue.DEMO else []
    guess = f"{gpt2.name} never learned: {_listed(words)}. Its answer is a guess." if words else ""
    return " ".join(filter(None, [guess, _cut_characters(prompt, gpt2.tokenizer)]))


def _cut_characters(text: str, tokenizer: Tokenizer) -> str:
    """A sentence about the characters of a text that are several tokens; nothing if all are whole."""
    rare = [character for character in dict.fromkeys(text) if not character.isascii()]
    cut = {character: tokens for character in rare if len(tokens := tokenizer.encode(character)) > 1}
    if not cut:
        return ""
    verb = "is" if len(cut) == 1 else "are"
    first = tokenizer.token_text(next(iter(cut.values()))[0])
    return f"{_listed(list(cut))} {verb} cut into several tokens: {first} stands for some of the bytes."


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _MOST
    return ", ".join(items[:_MOST]) + (f" and {more} more" if more > 0 else "")
