"""GPT-2's tokenizer, byte-level byte-pair encoding, and the trace of its merges; and models' own tokenizers.

A tokenizer follows the trace of merges. For GPT-2's own vocabulary, tiktoken finds the same tokens quicker. tiktoken is
not used for other vocabularies: it merges any two parts that make a token, and only in a vocabulary that was trained in
one go does each of these pairs have a merge.

Source: Radford et al. 2019 and `encoder.py` of openai/gpt-2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property, lru_cache
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING

from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.merging import MergeStep, merges
from udfs.backend.gpt2.pieces import PATTERN, pieces_of, whole_characters
from udfs.backend.gpt2.vocabulary import END_OF_TEXT as END_OF_TEXT
from udfs.backend.gpt2.vocabulary import END_OF_TEXT_TOKEN, Vocabulary, read_gpt2, read_own

if TYPE_CHECKING:  # imported when a text is first encoded, so that `import udfs` is quick
    import tiktoken

N_VOCAB = 50257
_MOST_PIECES = 4_096  # whose tokens are kept

_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # control characters except tab and line ends


def bytes_text(data: bytes) -> str:
    r"""Bytes as text to read: characters where they are whole UTF-8, otherwise bytes such as `\xe2\x80`.

    Control characters, which are invisible, are shown as bytes too, except tabs and line ends.
    """
    text = data.decode("utf-8", errors="backslashreplace")
    return _INVISIBLE.sub(lambda match: "".join(f"\\x{byte:02x}" for byte in match[0].encode()), text)


class Tokenizer:
    """A byte-level BPE with one vocabulary, of `n_vocab` ids.

    A model may have more ids than its vocabulary has tokens, because a multiple of 64 is quicker to compute with. They
    are shown as `<|unused 50300|>`.

    end_of_text: the id of the token that begins and ends a text; None if there is none
    """

    def __init__(
        self, read: Callable[[], Vocabulary], n_vocab: int = N_VOCAB, end_of_text: int | None = END_OF_TEXT
    ) -> None:
        self._read = read
        self.n_vocab, self.end_of_text = n_vocab, end_of_text
        self._ids_of = lru_cache(_MOST_PIECES)(self._merged)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens and merges, read when they are first needed."""
        return self._read()

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, special tokens such as `<|endoftext|>` included. Half a surrogate pair is U+FFFD.

        Raises:
            ModelError: the text has a byte that is not a token, or tiktoken gives up on it (about a million white-space
                characters in a row).
        """
        return [token for piece in self.split(text) for token in self._ids_of(piece)]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of token ids. Bytes that are not whole UTF-8 characters become U+FFFD.

        Raises:
            ModelError: an id is not a whole number from 0 to `n_vocab` - 1.
        """
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of a token.

        Raises:
            ModelError: the id is not a whole number from 0 to `n_vocab` - 1.
        """
        checked = self._checked_id(token_id)
        found = self.vocabulary.tokens.get(checked)
        return f"<|unused {checked}|>".encode() if found is None else found

    def token_text(self, token_id: int) -> str:
        """A token as text to read: see `bytes_text`. No two tokens look the same.

        Raises:
            ModelError: the id is not a whole number from 0 to `n_vocab` - 1.
        """
        return bytes_text(self.token_bytes(token_id))

    def split(self, text: str) -> list[bytes]:
        """The pieces that a text is cut into before any merge: merges never cross from one to the next.

        Together they are the text's UTF-8 bytes (half a surrogate pair counts as U+FFFD). A special token is a piece of
        its own.
        """
        pieces: list[bytes] = []
        for i, part in enumerate(self._at_special_tokens.split(whole_characters(text))):
            if i % 2:
                pieces.append(part.encode())
                continue
            if self.vocabulary.prefix_space and part and not part.startswith(" "):
                part = f" {part}"
            pieces += pieces_of(part)
        return pieces

    def merge_steps(self, text: str) -> Iterator[MergeStep]:
        """Byte-pair encoding of a text, merge by merge, piece after piece.

        Each piece of `split(text)` starts as single bytes, and its last step's `pieces` are its tokens. A piece without
        a step has its bytes as tokens; a special token is one token. The steps are made as they are asked for, so the
        first ones of a long text cost little; all of a piece of n bytes take n log n time.
        """
        for i, piece in enumerate(self.split(text)):
            if piece.decode("utf-8", "replace") not in self.vocabulary.special:
                yield from merges(i, piece, self.vocabulary.ranks)

    @cached_property
    def _at_special_tokens(self) -> re.Pattern[str]:
        """A pattern that matches special tokens, the longest first, or nothing if the vocabulary has none."""
        special = sorted(self.vocabulary.special, key=len, reverse=True)
        return re.compile(f"({'|'.join(map(re.escape, special)) or '(?!)'})")

    def _merged(self, piece: bytes) -> tuple[int, ...]:
        """The ids of one piece."""
        special = self.vocabulary.special.get(piece.decode("utf-8", "replace"))
        if special is not None:
            return (special,)
        *_, last = (None, *merges(0, piece, self.vocabulary.ranks))
        parts = last.pieces if last else tuple(bytes([byte]) for byte in piece)
        try:
            return tuple(self.vocabulary.ids[part] for part in parts)
        except KeyError as error:
            raise ModelError(f"text has {bytes_text(error.args[0])!r}, which the tokenizer has no token for") from None

    def _checked_id(self, token_id: object) -> int:
        if isinstance(token_id, Integral) and not isinstance(token_id, bool) and 0 <= int(token_id) < self.n_vocab:
            return int(token_id)
        shown = token_id if isinstance(token_id, Real) else quoted(token_id)
        raise ModelError(f"token id must be a whole number from 0 to {self.n_vocab - 1}, not {shown}")


class _Gpt2Tokenizer(Tokenizer):
    """GPT-2's tokenizer, encoding with tiktoken."""

    def encode(self, text: str) -> list[int]:
        try:
            return self._encoding.encode(text, allowed_special="all")
        except ValueError as error:
            raise ModelError(f"text of {len(text)} characters cannot be tokenized: {error}") from error

    @cached_property
    def _encoding(self) -> tiktoken.Encoding:
        import tiktoken

        ids, special = self.vocabulary.ids, self.vocabulary.special
        return tiktoken.Encoding("gpt2", pat_str=PATTERN, mergeable_ranks=dict(ids), special_tokens=dict(special))


GPT2 = _Gpt2Tokenizer(cache(read_gpt2))

encode, decode, split, merge_steps = GPT2.encode, GPT2.decode, GPT2.split, GPT2.merge_steps
token_bytes, token_text = GPT2.token_bytes, GPT2.token_text


def tokenizer_of(folder: Path, config: Config) -> Tokenizer:
    """The tokenizer in a model's folder; GPT-2's if the folder has none.

    Raises ModelError for a tokenizer of another kind.
    """
    own = read_own(folder)
    gpt2 = GPT2.vocabulary
    if own is None or (own.ids, own.ranks, own.special) == (gpt2.ids, gpt2.ranks, gpt2.special):
        return GPT2 if config.n_vocab <= N_VOCAB else _Gpt2Tokenizer(lambda: gpt2, config.n_vocab)
    end = own.special.get(END_OF_TEXT_TOKEN, config.eos_token_id)
    size = max(1 + max(own.tokens), config.n_vocab)
    return Tokenizer(lambda: own, size, end if end in own.tokens else None)
