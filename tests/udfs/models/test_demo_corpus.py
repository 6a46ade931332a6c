"""What the demo model's recipe reads, and what it keeps away from the model."""

from __future__ import annotations

import io
import lzma
import zipfile
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from udfs.backend.gpt2.tokenizer import decode, encode
from udfs.models.demo.recipe import fetch, sources
from udfs.models.demo.recipe.grammar import documents
from udfs.models.demo.recipe.held_out import ABSENT, PROMPTS, ROUGH_PROMPTS, HeldOut
from udfs.models.demo.recipe.sources import GRAMMAR, SHARES
from udfs.models.demo.recipe.visitors import VISITOR_PROMPTS, Visitor
from udfs.models.demo.recipe.vocabulary import END_OF_TEXT, choose

SENTENCES = [f"Sentence number {number} is here." for number in range(2000)]


def test_about_one_document_in_fifty_is_held_out() -> None:
    texts = sources.split(SENTENCES)
    assert sorted((*texts.training, *texts.held_out)) == sorted(SENTENCES)
    assert 20 <= len(texts.held_out) <= 60


def test_the_part_of_a_document_depends_on_its_text_alone() -> None:
    whole, half = sources.split(SENTENCES), sources.split(SENTENCES[::-2])
    assert set(half.held_out) <= set(whole.held_out)
    assert set(half.training) <= set(whole.training)


@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_no_training_document_contains_a_prompt_in_capitals_or_not(change: type[str]) -> None:
    texts = sources.split([f"He said: {change(absent)} again." for absent in ABSENT])
    assert texts.training == ()


def test_the_files_of_all_sources_are_read(tmp_path: Path) -> None:
    for name in SHARES:
        with lzma.open(tmp_path / f"{name}.txt.xz", "wt", encoding="utf-8") as file:
            file.write(f"One document of {name}.\nIts second line.\n\nAnother document.\n")
    texts = sources.read(tmp_path)
    assert set(texts) == set(SHARES) - {GRAMMAR}
    both = (*texts["tatoeba"].training, *texts["tatoeba"].held_out)
    assert set(both) == {"One document of tatoeba.\nIts second line.", "Another document."}


def test_a_folder_without_any_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"such as tatoeba\.txt\.xz"):
        sources.read(tmp_path)


def test_every_original_is_of_a_source_and_pinned_to_a_commit() -> None:
    listed = fetch.originals()
    assert {original.source for original in listed} == set(SHARES) - {GRAMMAR, "wordnet", "everyday_templates"}
    assert all(len(original.commit) == 40 and original.files for original in listed)


def test_only_the_listed_files_of_an_archive_are_fetched() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("repo-abc/en/1.md", "repo-abc/fr/2.md", "repo-abc/en/../../3.md", "repo-abc/en/"):
            file.writestr(name, name)
    assert list(fetch.matching(archive.getvalue(), ("en/*.md",))) == [("en/1.md", b"repo-abc/en/1.md")]


def test_the_shares_of_a_row_add_up_to_a_hundred_percent() -> None:
    assert sum(share.short for share in SHARES.values()) == pytest.approx(100)
    assert sum(share.long for share in SHARES.values()) == pytest.approx(100)


def test_the_vocabulary_has_the_needed_tokens_and_the_most_frequent_ones() -> None:
    counts = {"a": Counter({1: 90, 2: 10}), "b": Counter({3: 800, 4: 200})}
    assert choose({7}, counts, {"a": 1.0, "b": 0.5}, 4).tokens == (1, 3, 7, END_OF_TEXT)


def test_other_tokens_share_one_id() -> None:
    vocabulary = choose({7, 3}, {}, {}, 3)
    lookup = vocabulary.lookup()
    assert lookup[[3, 7, END_OF_TEXT, 8, 9]].tolist() == [0, 1, 2, 3, 3]
    assert vocabulary.n_unknown == 50254


def test_there_are_sixty_different_visitors_prompts() -> None:
    assert len({visitor.prompt for visitor in VISITOR_PROMPTS}) == 60


@pytest.mark.parametrize("visitor", VISITOR_PROMPTS, ids=lambda visitor: visitor.prompt)
def test_a_sensible_word_is_one_token_that_follows_the_prompt(visitor: Visitor) -> None:
    for word in visitor.sensible:
        assert encode(visitor.prompt + word) == [*encode(visitor.prompt), *encode(word)]
        assert [decode([token]) for token in encode(word)] == [word]


@pytest.mark.parametrize("item", [*PROMPTS, *ROUGH_PROMPTS], ids=lambda item: item.prompt)
def test_an_answer_is_one_token(item: HeldOut) -> None:
    assert len(encode(item.answer)) == 1


def test_the_grammar_writes_the_same_documents_for_the_same_seed() -> None:
    first, again = (list(islice(documents(5), 500)) for _ in range(2))
    assert first == again


def test_the_grammar_answers_lower_case_days_tight_sums_and_negations() -> None:
    texts = "\n".join(document.text for document in islice(documents(6), 20_000))
    assert "if today is friday, then tomorrow is Saturday." in texts
    assert "5+3=8" in texts
    assert any("is not loud. " in text and text.endswith(" quietly.") for text in texts.splitlines())
