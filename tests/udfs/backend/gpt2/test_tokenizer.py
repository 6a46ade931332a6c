"""Compares the tokenizer with tiktoken's own `gpt2` and with public facts, and the trace of merges with both."""

from __future__ import annotations

import importlib
import itertools
import json
import random
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import tiktoken
import tiktoken.load
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.backend.errors import ModelError
from udfs.backend.gpt2 import vocabulary
from udfs.backend.gpt2.merging import merges
from udfs.backend.gpt2.tokenizer import (
    END_OF_TEXT,
    GPT2,
    N_VOCAB,
    bytes_text,
    decode,
    encode,
    merge_steps,
    split,
    token_bytes,
    token_text,
)
from udfs.backend.gpt2.vocabulary import END_OF_TEXT_TOKEN, VOCAB_BPE

HALF_AN_EMOJI = "\ud83d"
LAST_LETTER_ADDED_TO_UNICODE = 0x33480

# From tiktoken's own tests, TransformerLens's Main_Demo and GPT-2 in 500 lines of SQL.
KNOWN_IDS = {
    "hello world": [31373, 995],
    "hello <|endoftext|>": [31373, 220, 50256],
    "": [],
    "0": [15],
    "00": [405],
    "000": [830],
    "0000": [2388],
    "00000": [20483],
    "000000": [10535],
    "0000000": [24598],
    "00000000": [8269],
    "000000000": [10535, 830],
    "0000000000": [8269, 405],
    "00000000000": [8269, 830],
    "000000000000": [8269, 2388],
    "0000000000000": [8269, 20483],
    "00000000000000": [8269, 10535],
    "000000000000000": [8269, 24598],
    "0000000000000000": [25645],
    "00000000000000000": [8269, 10535, 830],
    "The cat sat on the mat.": [464, 3797, 3332, 319, 262, 2603, 13],
    "The cat sat on the mat really hard.": [464, 3797, 3332, 319, 262, 2603, 1107, 1327, 13],
    "PostgreSQL is great": [6307, 47701, 318, 1049],
    "The first thing you need to figure out is *how* things are tokenized. `model.to_str_tokens` splits a "
    "string into the tokens *as a list of substrings*, and so lets you explore what the text looks like. "
    "To demonstrate this, let's use it on this paragraph.": [
        *[464, 717, 1517, 345, 761, 284, 3785, 503, 318, 1635, 4919, 9, 1243, 389, 11241, 1143, 13, 4600],
        *[19849, 13, 1462, 62, 2536, 62, 83, 482, 641, 63, 30778, 257, 4731, 656, 262, 16326, 1635, 292],
        *[257, 1351, 286, 850, 37336, 25666, 290, 523, 8781, 345, 7301, 644, 262, 2420, 3073, 588, 13],
        *[1675, 10176, 428, 11, 1309, 338, 779, 340, 319, 428, 7322, 13],
    ],
}
KNOWN_TOKENS = {
    "2342+2017=21445": ["23", "42", "+", "2017", "=", "214", "45"],
    "1000+1000000=999999": ["1000", "+", "1", "000000", "=", "9999", "99"],
}
ENCODER_JSON_SHA256 = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"


@pytest.fixture(scope="module")
def tiktoken_gpt2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tiktoken.Encoding]:
    """tiktoken's own definition of `gpt2`, with local files in place of the ones that it would download.

    GPT-2's `encoder.json` is written here from our ids. tiktoken checks it against the checksum of the original, so a
    single wrong id makes this fail.
    """
    definitions = importlib.import_module("tiktoken_ext.openai_public")
    shown_as = vocabulary.characters()
    names = ["".join(shown_as[byte] for byte in token_bytes(i)) for i in range(END_OF_TEXT)]
    encoder_json = tmp_path_factory.mktemp("gpt2") / "encoder.json"
    encoder_json.write_text(json.dumps({name: i for i, name in enumerate([*names, END_OF_TEXT_TOKEN])}))

    def ranks_from_local_files(
        vocab_bpe_file: str, encoder_json_file: str, vocab_bpe_hash: str, encoder_json_hash: str
    ) -> dict[bytes, int]:
        assert encoder_json_hash == ENCODER_JSON_SHA256
        return tiktoken.load.data_gym_to_mergeable_bpe_ranks(
            str(VOCAB_BPE), str(encoder_json), vocab_bpe_hash, encoder_json_hash
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", "")
        patch.setattr(definitions, "data_gym_to_mergeable_bpe_ranks", ranks_from_local_files)
        yield tiktoken.Encoding(**definitions.gpt2())


def traced_tokens(text: str) -> list[bytes]:
    """The tokens that remain after all merges of a text."""
    pieces = split(text)
    tokens: list[Sequence[bytes]]
    tokens = [[p] if p == END_OF_TEXT_TOKEN.encode() else [bytes([byte]) for byte in p] for p in pieces]
    last_steps = {step.index: step for step in merge_steps(text)}
    for i, step in last_steps.items():
        tokens[i] = step.pieces
    return list(itertools.chain.from_iterable(tokens))


def whole_characters(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def generated_texts(n: int, seed: int) -> Iterator[str]:
    rng = random.Random(seed)
    words = [
        "the",
        "Cat",
        "sat",
        "doesn't",
        "WE'LL",
        "they've",
        "I'd",
        "'tis",
        "\u02bcn",
        "e\u0301",
        "\ufb01",
    ]
    words += ["naïve", "Straße", "Привет", "東京", "नमस्ते", "مرحبا"]
    emoji = ["😀", "👍🏽", "🇩🇪", "1\ufe0f\u20e3", "👩\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈"]
    emoji += [HALF_AN_EMOJI, "\ude00", "\ud83d\ude00"]
    special = [END_OF_TEXT_TOKEN, "<|endoftext|", "|endoftext|>", "<|ENDOFTEXT|>", "<|", "|>"]

    def some(characters: str, most: int) -> str:
        return "".join(rng.choices(characters, k=rng.randint(1, most)))

    makers: list[Callable[[], str]] = [
        lambda: rng.choice(words),
        lambda: " " + rng.choice(words),
        lambda: rng.choice(emoji),
        lambda: rng.choice(special),
        lambda: " " * rng.randint(1, 40),
        lambda: some(" \n\t\r\x0b\x0c\u00a0\u2003\u3000\u0085\u2028\ufeff\u200b", 8),
        lambda: some("\n \r", 12),
        lambda: some("0123456789", 20),
        lambda: some("٣४五Ⅷ½²①𝟙", 5),
        lambda: some("'\"!?.,;:-_=+*/\\|()[]{}<>#$%^&~`@", 12),
        lambda: some("".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)])), 6),
        lambda: some("aeiourstln", 30),
        lambda: rng.choice("aA=-*\u00c3é") * rng.randint(2, 60),
        lambda: bytes_text(token_bytes(rng.randrange(N_VOCAB))),
        lambda: "".join(chr(rng.randrange(0x800)) for _ in range(4)),
        lambda: "".join(chr(rng.randrange(0x10000)) for _ in range(4)),
        lambda: "".join(chr(rng.randrange(0x10000, LAST_LETTER_ADDED_TO_UNICODE)) for _ in range(3)),
        lambda: chr(rng.randrange(0x110000)),
    ]
    for _ in range(n):
        yield "".join(rng.choice(makers)() for _ in range(rng.randint(1, 8)))


def test_ten_thousand_texts_and_their_traces(tiktoken_gpt2: tiktoken.Encoding) -> None:
    for number, text in enumerate(generated_texts(10_000, seed=2)):
        ids = encode(text)
        assert ids == tiktoken_gpt2.encode(text, allowed_special="all"), ascii(text)
        assert decode(ids) == whole_characters(text), ascii(text)
        if number % 4 == 0:  # a trace takes long
            assert traced_tokens(text) == tiktoken_gpt2.decode_tokens_bytes(ids), ascii(text)


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_any_text(tiktoken_gpt2: tiktoken.Encoding, text: str) -> None:
    ids = encode(text)
    assert ids == tiktoken_gpt2.encode(text, allowed_special="all")
    assert traced_tokens(text) == [token_bytes(i) for i in ids]
    assert decode(ids) == whole_characters(text)


@given(st.text())
def test_decode_undoes_encode(text: str) -> None:
    assert decode(encode(text)) == text


@pytest.mark.parametrize(("text", "ids"), KNOWN_IDS.items())
def test_known_ids(text: str, ids: list[int]) -> None:
    assert encode(text) == ids
    assert decode(ids) == text


@pytest.mark.parametrize(("text", "tokens"), KNOWN_TOKENS.items())
def test_known_tokens(text: str, tokens: list[str]) -> None:
    assert [token_text(i) for i in encode(text)] == tokens


@pytest.mark.parametrize(
    "text", ["A" * 30_000, "=" * 30_000, " " * 30_000 + "x", "😀" * 16_000, "la" * 15_000, HALF_AN_EMOJI * 9]
)
def test_trace_of_a_long_piece(text: str) -> None:
    assert traced_tokens(text) == [token_bytes(i) for i in encode(text)]


def test_the_first_steps_of_a_long_text_come_before_the_rest_is_computed() -> None:
    steps = merge_steps("A" * 30_000)
    first = list(itertools.islice(steps, 3))
    assert [len(step.pieces) for step in first] == [29_999, 29_998, 29_997]
    assert len(next(steps).pieces) == 29_996
    assert [len(step.pieces) for step in first] == [29_999, 29_998, 29_997]


@settings(max_examples=50)  # each has many steps
@given(st.text(alphabet="abentth 'é😀\n0", max_size=40))
def test_each_step_merges_the_leftmost_pair_of_the_lowest_rank(tiktoken_gpt2: tiktoken.Encoding, text: str) -> None:
    rank_of = {token: i - 256 for token, i in tiktoken_gpt2._mergeable_ranks.items()}
    steps = merge_steps(text)
    for i, piece in enumerate(split(text)):
        parts = [bytes([byte]) for byte in piece]
        for number in itertools.count():
            pairs = list(itertools.pairwise(parts))
            ranked = [(rank_of[a + b], j) for j, (a, b) in enumerate(pairs) if a + b in rank_of]
            if not ranked:
                break
            rank, j = min(ranked)
            parts[j : j + 2] = [parts[j] + parts[j + 1]]
            step = next(steps)
            assert (step.index, step.piece, step.number) == (i, piece, number)
            assert (step.pair, step.rank, step.pieces) == (pairs[j], rank, tuple(parts))
    assert next(steps, None) is None


def test_steps_of_a_word() -> None:
    shown = [(step.index, step.pair, step.rank, step.pieces) for step in merge_steps("I eat")]
    assert shown == [
        (1, (b"a", b"t"), 9, (b" ", b"e", b"at")),
        (1, (b" ", b"e"), 48, (b" e", b"at")),
        (1, (b" e", b"at"), 4227, (b" eat",)),
    ]


def test_every_token_is_reached_by_its_merges() -> None:
    for piece in map(token_bytes, range(256, END_OF_TEXT)):
        (last,) = deque(merges(0, piece, GPT2.vocabulary.ranks), maxlen=1)
        assert last.pieces == (piece,)


def test_split_loses_nothing_and_keeps_the_special_token_whole() -> None:
    text = f"it's  12 o'clock{END_OF_TEXT_TOKEN}\n\n東京 😀 "
    assert b"".join(split(text)) == text.encode()
    assert split("it's  <|endoftext|> x") == [b"it", b"'s", b"  ", b"<|endoftext|>", b" x"]
    assert split("") == []


def test_split_classifies_every_character_as_tiktoken_does(tiktoken_gpt2: tiktoken.Encoding) -> None:
    """The class shows in whether a character joins the letter, digit or white space after it in one piece."""
    characters = (chr(c) for c in range(0x80, LAST_LETTER_ADDED_TO_UNICODE) if not 0xD800 <= c < 0xE000)
    text = "".join(f"{c}A{c}0{c}\n\n" for c in characters)
    followers = b"A0\n"
    vocabulary = [bytes([byte]) for byte in range(256)]
    vocabulary += [bytes(pair) for pair in itertools.product(range(0x80, 0xC0), followers)]
    ids = {token: i for i, token in enumerate(vocabulary)}
    joiner = tiktoken.Encoding("joiner", pat_str=tiktoken_gpt2._pat_str, mergeable_ranks=ids, special_tokens={})
    token = re.compile(rb"[\x80-\xbf][A0\n]|[\x00-\xfe]")
    ours = token.findall(b"\xff".join(split(text)))  # UTF-8 has no such byte
    assert joiner.encode(text) == [ids[joined] for joined in ours]


def test_no_two_tokens_look_the_same() -> None:
    assert len({token_text(i) for i in range(N_VOCAB)}) == N_VOCAB


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b" phone", " phone"),
        ("naïve 😀".encode(), "naïve 😀"),
        (b"\n\t\r\n", "\n\t\r\n"),
        (b"\xe2\x80", r"\xe2\x80"),
        (b" \xe2\x80", r" \xe2\x80"),
        ("é".encode() + b"\xc3", r"é\xc3"),
        (b"\x00\x7f", r"\x00\x7f"),
        ("\u0085".encode(), r"\xc2\x85"),
        (b"\\", "\\"),
    ],
)
def test_bytes_text(data: bytes, shown: str) -> None:
    assert bytes_text(data) == shown


def test_tokens_of_half_an_emoji_and_of_the_special_token() -> None:
    assert [token_text(i) for i in encode("😀")] == [r"\xf0\x9f\x98", r"\x80"]
    assert token_text(END_OF_TEXT) == END_OF_TEXT_TOKEN
    assert encode(HALF_AN_EMOJI) == encode("\ufffd")
    assert decode(encode("😀")[:1]) == "\ufffd"


@pytest.mark.parametrize("wrong", [-1, N_VOCAB, 3.5, 5.0, True, None, "5", float("nan"), np.int64(N_VOCAB)])
@pytest.mark.parametrize("function", [token_bytes, token_text, lambda i: decode([15, i])])
def test_a_wrong_id_is_named(function: Callable[[object], object], wrong: object) -> None:
    shown = re.escape(repr(wrong) if isinstance(wrong, str) else str(wrong))
    with pytest.raises(ModelError, match=f"^token id must be a whole number from 0 to 50256, not {shown}$"):
        function(wrong)


def test_ids_may_be_numpy_integers() -> None:
    assert decode(np.array([31373, 995], dtype=np.int32)) == "hello world"


def test_a_damaged_or_missing_vocabulary_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "vocab.bpe"
    damaged.write_bytes(VOCAB_BPE.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"vocab\.bpe is damaged \(SHA-256 [0-9a-f]{8}\.\.\., not 1ce16647\.\.\.\): "):
        vocabulary.read_gpt2(damaged)
    with pytest.raises(ModelError, match=r"nowhere: No such file or directory: install"):
        vocabulary.read_gpt2(tmp_path / "nowhere")


def test_white_space_too_long_for_tiktoken_is_one_line() -> None:
    with pytest.raises(ModelError, match=r"^text of 1100001 characters cannot be tokenized: .*$"):
        encode(" " * 1_100_000 + "x")
