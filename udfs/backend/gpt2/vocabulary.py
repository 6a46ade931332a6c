"""The vocabulary of a byte-level BPE: its tokens, their ids, and the merges that make them.

GPT-2's own is bundled as `vocab.bpe`. Another model's own is in its folder, in the files of Hugging Face's tokenizers:
`tokenizer.json`, or `vocab.json` with `merges.txt`. These write each byte of a token as one printable character.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.json_files import read_object, read_text

Pair: TypeAlias = tuple[bytes, bytes]

N_BYTES = 256
END_OF_TEXT = 50256
END_OF_TEXT_TOKEN = "<|endoftext|>"

VOCAB_BPE = Path(__file__).parents[2] / "models" / "vocabulary" / "vocab.bpe"
VOCAB_BPE_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"

TOKENIZER_FILE = "tokenizer.json"
VOCABULARY_FILE = "vocab.json"
MERGES_FILE = "merges.txt"
SETTINGS_FILE = "tokenizer_config.json"
_OTHER_KINDS = ("vocab.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
_MOST_BYTES = 2**26  # of one of these files; GPT-2's tokenizer.json has 1.4 million
_LARGEST_ID = 10_000_000


@dataclass(frozen=True)
class Vocabulary:
    """Token ids by the token's bytes, the merges in their order, and the ids of special tokens by their text.

    merges: the two tokens of each merge, separated by a space, in the printable characters of the files
    prefix_space: whether a text without a space before its first word gets one
    """

    ids: Mapping[bytes, int]
    merges: Sequence[str]
    special: Mapping[str, int]
    prefix_space: bool = False

    @cached_property
    def ranks(self) -> Mapping[Pair, int]:
        """The place of each merge in the list, from 0. The lowest is made first."""
        pairs = (merge.split(" ") for merge in self.merges)
        return {(_bytes_of(left), _bytes_of(right)): rank for rank, (left, right) in enumerate(pairs)}

    @cached_property
    def tokens(self) -> Mapping[int, bytes]:
        """The bytes of each token by its id, the special ones as their text."""
        special = {token_id: text.encode() for text, token_id in self.special.items()}
        return {**{token_id: token for token, token_id in self.ids.items()}, **special}


def read_gpt2(vocab_bpe: Path = VOCAB_BPE) -> Vocabulary:
    """GPT-2's vocabulary: the 256 bytes, then what each merge makes, then `<|endoftext|>`."""
    import hashlib  # imported when needed, so that `import udfs` is quick

    try:
        content = vocab_bpe.read_bytes()
    except OSError as error:
        raise ModelError(f"{vocab_bpe}: {error.strerror}: install gpt2-excel again") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != VOCAB_BPE_SHA256:
        raise ModelError(
            f"{vocab_bpe} is damaged (SHA-256 {digest[:8]}..., not {VOCAB_BPE_SHA256[:8]}...): install gpt2-excel again"
        )
    _, *merges, _ = content.decode("utf-8").split("\n")
    tokens = [*(bytes([byte]) for byte in _CHARACTERS), *(_bytes_of(merge.replace(" ", "")) for merge in merges)]
    return Vocabulary({token: i for i, token in enumerate(tokens)}, merges, {END_OF_TEXT_TOKEN: END_OF_TEXT})


def read_own(folder: Path) -> Vocabulary | None:
    """The vocabulary in a model's folder, None if there is none. Raises ModelError for one of another kind."""
    names = {entry.name for entry in os.scandir(folder)}
    if TOKENIZER_FILE in names:
        return _from_tokenizer(folder / TOKENIZER_FILE, _settings(folder))
    if {VOCABULARY_FILE, MERGES_FILE} <= names:
        return _from_two_files(folder, _settings(folder))
    if others := sorted(names.intersection([VOCABULARY_FILE, MERGES_FILE, *_OTHER_KINDS])):
        raise ModelError(
            f"the tokenizer of {folder.name} cannot be read: it must be {TOKENIZER_FILE}, or {VOCABULARY_FILE} and "
            f"{MERGES_FILE}, not {', '.join(others)}"
        )
    return None


def _settings(folder: Path) -> Mapping[str, Any]:
    path = folder / SETTINGS_FILE
    return read_object(path, _MOST_BYTES) if path.is_file() else {}


def _from_tokenizer(path: Path, settings: Mapping[str, Any]) -> Vocabulary:
    """The vocabulary in a `tokenizer.json`. It must be byte-level BPE with GPT-2's pattern."""
    content = read_object(path, _MOST_BYTES)
    model, before = content.get("model"), content.get("pre_tokenizer")
    if not isinstance(model, dict) or not isinstance(before, dict):
        raise ModelError(_wrong(path, "model and pre_tokenizer", "objects", (model, before)))
    steps = before.get("pretokenizers") if before.get("type") == "Sequence" else [before]
    byte_level = steps[0] if isinstance(steps, list) and len(steps) == 1 and isinstance(steps[0], dict) else {}
    for what, found, wanted in (
        ("model.type", model.get("type", "BPE"), "BPE"),
        ("pre_tokenizer.type", byte_level.get("type"), "ByteLevel"),
        ("pre_tokenizer.use_regex", byte_level.get("use_regex", True), True),
        ("normalizer", content.get("normalizer"), None),
        ("model.dropout", model.get("dropout") or None, None),
        ("model.continuing_subword_prefix", model.get("continuing_subword_prefix") or None, None),
        ("model.end_of_word_suffix", model.get("end_of_word_suffix") or None, None),
        ("model.ignore_merges", model.get("ignore_merges", False), False),
        ("model.byte_fallback", model.get("byte_fallback", False), False),
    ):
        if found != wanted:
            raise ModelError(_wrong(path, what, quoted(wanted), found))
    listed: Any = model.get("merges")
    merges = [" ".join(merge) if _are_texts(merge) else merge for merge in listed] if isinstance(listed, list) else []
    added = content.get("added_tokens") or []
    if not _are_texts(merges) or not isinstance(added, list) or not all(isinstance(token, dict) for token in added):
        raise ModelError(f"{path.name} of {path.parent.name} must have lists of merges and added_tokens")
    special = _checked_ids({token.get("content"): token.get("id") for token in added}, path)
    prefix_space = settings.get("add_prefix_space", byte_level.get("add_prefix_space", False))
    return _vocabulary(path, model.get("vocab"), merges, special, prefix_space is True)


def _from_two_files(folder: Path, settings: Mapping[str, Any]) -> Vocabulary:
    path = folder / VOCABULARY_FILE
    vocabulary = read_object(path, _MOST_BYTES)
    lines = read_text(folder / MERGES_FILE, _MOST_BYTES).split("\n")
    merges = [line for line in (line.rstrip("\r") for line in lines) if line and not line.startswith("#version")]
    named = {_content(settings.get(name)) for name in ("bos_token", "eos_token", "unk_token", "pad_token")}
    special = {text: vocabulary[text] for text in {*named, END_OF_TEXT_TOKEN} if text in vocabulary}
    added = settings.get("added_tokens_decoder")
    if isinstance(added, dict):
        special |= {_content(token): int(number) for number, token in added.items() if number.isdecimal()}
    special.pop("", None)
    return _vocabulary(path, vocabulary, merges, _checked_ids(special, path), settings.get("add_prefix_space") is True)


def _content(token: object) -> str:
    """The text of a token that is a text or an object with its content; blank for anything else."""
    content = token.get("content") if isinstance(token, dict) else token
    return content if isinstance(content, str) else ""


def _vocabulary(
    path: Path, vocabulary: object, merges: Sequence[str], special: Mapping[str, int], prefix_space: bool
) -> Vocabulary:
    """The vocabulary of these parts. Raises ModelError if one of them is not of a byte-level BPE."""
    ordinary = {text: number for text, number in _checked_ids(vocabulary, path).items() if text not in special}
    try:
        ids = {_bytes_of(text): number for text, number in ordinary.items()}
        found = Vocabulary(ids, merges, special, prefix_space)
        found.tokens  # noqa: B018  encodes the special tokens
        missing = [pair for pair in found.ranks if pair[0] + pair[1] not in ids]
    except ValueError:  # characters that mean no byte, or a merge that is not two tokens
        raise ModelError(f"{path.name} of {path.parent.name} must be a byte-level BPE such as GPT-2's") from None
    if missing:
        raise ModelError(f"{path.name} of {path.parent.name} has no token for the merge {quoted(missing[0])}")
    return found


def _checked_ids(ids: object, path: Path) -> dict[str, int]:
    if not isinstance(ids, dict) or not all(
        isinstance(text, str) and type(number) is int and 0 <= number < _LARGEST_ID for text, number in ids.items()
    ):
        raise ModelError(f"{path.name} of {path.parent.name} must give each token a whole number as its id")
    return ids


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _wrong(path: Path, what: str, wanted: str, found: object) -> str:
    return f"{path.name} of {path.parent.name}: {what} must be {wanted} as in GPT-2's tokenizer, not {quoted(found)}"


def _bytes_of(text: str) -> bytes:
    """The bytes that the printable characters of a token mean. Raises ValueError for other characters."""
    return text.translate(_BYTES).encode("latin-1")


def characters() -> Mapping[int, str]:
    """Each byte, in the order of GPT-2's ids 0 to 255, and the character that the files write for it.

    Printable Latin-1 is itself and comes first; the other bytes are U+0100, U+0101, ...
    """
    printable: Iterable[int] = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = sorted(set(range(N_BYTES)).difference(printable))
    return {byte: chr(byte) for byte in printable} | {byte: chr(0x100 + i) for i, byte in enumerate(others)}


_CHARACTERS = characters()
# U+FFFF, which latin-1 refuses, for the Latin-1 characters that no file writes for a byte.
_BYTES = dict.fromkeys(range(N_BYTES), 65535) | {ord(char): byte for byte, char in _CHARACTERS.items()}
