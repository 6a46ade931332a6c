"""MS-OVBA compression: the specification's examples, another project's reader, and arbitrary bytes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oletools.olevba import decompress_stream

from addin.desktop.ovba import compress, decompress

# [MS-OVBA] 3.2. Of two equally long matches, its second example takes another one than its procedure.
EXAMPLES = {
    b"abcdefghijklmnopqrstuv.": "0119B000616263646566676800696A6B6C6D6E6F70007172737475762E",
    b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa": "012FB00023616161626364658266007061676869"
    "6A013808616B6C00306D6E6F700671027004107273747576107778797A003C",
    b"a" * 73: "0103B002614500",
}
texts = st.lists(st.sampled_from(["Function ", "End ", "\r\n", "x", '"y"']), max_size=3000).map("".join).map(str.encode)


@pytest.mark.parametrize(("data", "container"), EXAMPLES.items())
def test_the_specifications_examples(data: bytes, container: str) -> None:
    assert decompress(bytes.fromhex(container)) == data == decompress(compress(data))
    assert len(compress(data)) == len(bytes.fromhex(container))


@given(texts | st.binary(max_size=9000))
@example(b"")
@example(bytes(range(256)) * 16)
@example(b"a" * 4097)
def test_round_trip(data: bytes) -> None:
    assert decompress(compress(data))[: len(data)] == data


@given(texts)
def test_another_reader(data: bytes) -> None:
    assert bytes(decompress_stream(bytearray(compress(data)))) == data == decompress(compress(data))


def test_incompressible_bytes_fill_a_chunk() -> None:
    data = b"".join(number.to_bytes(2, "big") for number in range(2300))
    assert len(compress(data)) <= len(data) + 10 + 4096
    assert decompress(compress(data))[: len(data)] == data


def test_bytes_that_are_not_compressed() -> None:
    with pytest.raises(ValueError, match="must begin with the byte 1"):
        decompress(b"Attribute")
