"""How the recipe of the demo model's autoencoder reads, finds and names features. Nothing here needs torch."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from udfs.backend.catalogue import find, load
from udfs.backend.gpt2.forward import forward
from udfs.backend.gpt2.tokenizer import END_OF_TEXT, decode, encode
from udfs.backend.interpret.sae import CONFIG_FILE, WEIGHTS_FILE, SparseAutoencoder, centre, open_autoencoder
from udfs.models.demo.recipe.sources import Texts
from udfs.models.demo_sae.recipe.catalogue import catalogue, choose, promoted_tokens, texts, write_json
from udfs.models.demo_sae.recipe.documents import ROW, rows
from udfs.models.demo_sae.recipe.firings import Firings, fire
from udfs.models.demo_sae.recipe.jedi import Steered, about_star_wars, coefficient, jedi, steer
from udfs.models.demo_sae.recipe.labels import Kind, Label, Labeller
from udfs.models.demo_sae.recipe.reading import Reading
from udfs.models.demo_sae.recipe.readme import readme
from udfs.models.demo_sae.recipe.streams import collect, open_model
from udfs.models.demo_sae.recipe.topics import PARTS_OF_SPEECH, TOPICS

STORY = "The cat ate an apple. It doesn't like rain."


def reading(*documents: str, row: int = 16) -> Reading:
    """Each document in a row of its own, filled up with <|endoftext|>."""
    ids = [[*encode(text), *[END_OF_TEXT] * row][:row] for text in documents]
    return Reading(np.array(ids, dtype=np.int64).reshape(-1), row)


def at(read: Reading, *texts: str) -> list[int]:
    return [position for position, text in enumerate(read.texts) if text in texts]


def firings(positions: list[int]) -> Firings:
    return Firings(np.array(positions), np.linspace(3, 1, len(positions), dtype=np.float32))


def test_rows_hold_the_grammar_and_training_texts_but_nothing_held_out() -> None:
    corpus = {"tinystories": Texts(tuple(f"Story {number} is long." for number in range(50)), ("Never read.",))}
    found = list(islice(rows(corpus, seed=1), 200))
    assert {len(row) for row in found} == {ROW}
    text = "".join(map(decode, found))
    assert "Story 7 is long." in text
    assert "Never read" not in text
    assert 0.1 < np.mean(["Story" in decode(row) for row in found]) < 0.9
    assert found == list(islice(rows(corpus, seed=1), 200))


def test_a_long_document_goes_on_in_the_next_row() -> None:
    corpus = {"tinystories": Texts((" ".join(map(str, range(1000))),), ())}
    text = "".join(decode(row) for row in islice(rows(corpus, seed=1), 100))
    assert " 500 501 502" in text


@pytest.mark.parametrize("by_folder", [False, True])
def test_the_collected_stream_is_the_one_that_enters_the_block(by_folder: bool) -> None:
    batch = [encode("one two three four"), encode("two three four one")]
    seen = {}
    forward(batch[1], load("tiny"), lambda place, value: seen.setdefault(place, value))
    found = collect(open_model(str(find("tiny")) if by_folder else "tiny"), 2, iter(batch), 2)
    np.testing.assert_allclose(found.x[-4:], centre(seen["blocks.2.hook_resid_pre"]), atol=1e-4)
    assert found.tokens.tolist() == [*batch[0], *batch[1]]


@pytest.fixture
def autoencoder(tmp_path: Path) -> SparseAutoencoder:
    """Two channels and three features: one for each channel, and one that never fires."""
    (tmp_path / CONFIG_FILE).write_text(json.dumps({"architecture": "standard"}), encoding="utf-8")
    decoder = np.array([[1, 0], [0, 1], [0, -1]], dtype=np.float16)
    bias = np.array([0, 0, -9], dtype=np.float16)
    tensors = {"W_enc": decoder.T.copy(), "b_enc": bias, "W_dec": decoder, "b_dec": np.zeros(2, dtype=np.float16)}
    save_file(tensors, tmp_path / WEIGHTS_FILE)
    return open_autoencoder(tmp_path)


def test_firings_are_strongest_first(autoencoder: SparseAutoencoder) -> None:
    found, quality = fire(autoencoder, np.array([[1, 0], [3, 2], [0, -1]], dtype=np.float32))
    assert [one.positions.tolist() for one in found] == [[1, 0], [1], []]
    assert [one.activations.tolist() for one in found] == [[3, 1], [2], []]
    assert (quality.active, quality.dead) == (1, 1)
    assert quality.explained == pytest.approx(1 - 1 / (14 / 3 + 14 / 3))


def test_words_are_whole_and_a_snippet_marks_the_token() -> None:
    read = reading(STORY, STORY)
    (first, second) = at(read, " doesn")
    assert read.words[read.word_at[first]] == "doesn't"
    assert read.word_at[first] == read.word_at[first + 1] == read.word_at[second]
    assert read.snippet(first) == "cat ate an apple. It «doesn»'t"
    assert read.snippet(at(read, "The")[1]) == "«The» cat"


def test_a_mention_ends_with_its_document() -> None:
    read = reading(STORY, "The sky is blue.")
    members = read.members([{"apple"}])[0]
    marked = [read.texts[position] for position in np.flatnonzero(read.mentioned(members))]
    assert marked[:3] == [" apple", ".", " It"]
    assert " sky" not in marked


ROWS = [f"{who} has {fruit} and water." for who in ("Anna", "Paul") for fruit in ("apples", "oranges", "figs", "pears")]


@pytest.fixture
def labeller(monkeypatch: pytest.MonkeyPatch) -> Labeller:
    monkeypatch.setattr("udfs.models.demo_sae.recipe.labels._LEAST_FIRINGS", 1)
    monkeypatch.setattr("udfs.models.demo_sae.recipe.labels._STRONGEST", 1.0)
    return Labeller(reading(*ROWS), {"fruit": {"apple", "orange", "pear"}, "drinks": {"water", "tea"}}, {})


@pytest.mark.parametrize(
    ("where", "promoted", "kind", "text", "precision"),
    [
        ((" apples", " oranges"), [], Kind.TOPIC, "fruit", 1.0),
        ((" water",), [], Kind.WORD, "the word `water`", 1.0),
        ((" has",), [" tea", " water", " tea", " Water", "x"], Kind.WORD, "the word `has`", 1.0),
        (("Anna", "Paul"), [" tea", " water", " tea", " Water", "x"], Kind.NEXT, "next: drinks", 0.8),
    ],
)
def test_a_feature_is_named(
    labeller: Labeller, where: tuple[str, ...], promoted: list[str], kind: Kind, text: str, precision: float
) -> None:
    found = labeller.label(firings(at(reading(*ROWS), *where)), promoted)
    assert found is not None
    assert (found.kind, found.text) == (kind, text)
    assert found.precision == pytest.approx(precision)


def test_a_feature_that_no_topic_fits_has_no_name(labeller: Labeller) -> None:
    assert labeller.label(firings(at(reading(*ROWS), "Anna", "Paul")), [" tea", "x", "y"]) is None
    assert labeller.label(firings([]), [" tea"]) is None


def test_a_feature_may_be_named_by_what_was_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udfs.models.demo_sae.recipe.labels._LEAST_FIRINGS", 1)
    monkeypatch.setattr("udfs.models.demo_sae.recipe.labels._STRONGEST", 1.0)
    documents = [
        "The apple is here now.",
        *[f"The {word} is here now." for word in ("cat", "dog", "sky", "car", "man")],
    ]
    read = reading(*documents)
    positions = [position for text in (" is", " here", " now") for position in at(read, text)[:1]]
    found = Labeller(read, {"fruit": {"apple"}}, {}).label(firings(positions), [])
    assert found is not None
    assert (found.kind, found.text) == (Kind.MENTION, "after a mention of: fruit")


def test_the_best_two_features_of_a_label_are_listed() -> None:
    labels = {number: Label(Kind.TOPIC, "food", 0.9, 0.8, score) for number, score in enumerate((0.1, 0.5, 0.3))}
    labels[9] = Label(Kind.TOPIC, "animals", 0.9, 0.8, 0.2)
    assert list(choose(labels)) == [9, 1, 2]


def test_listed_texts_differ() -> None:
    read = reading(*[STORY] * 3, "A cat.", "A dog.")
    strongest = [*at(read, " apple"), *at(read, " cat"), *at(read, " dog")]
    found = texts(firings(strongest), read)
    assert found == ["The cat ate an «apple».", "The «cat» ate", "A «cat».", "A «dog»."]


def test_texts_that_end_differently_come_first() -> None:
    read = reading("I saw a cat.", "You saw a cat.", "She had one cat.")
    found = texts(firings(at(read, " cat")), read)
    assert found == ["I saw a «cat».", "She had one «cat».", "You saw a «cat»."]


def test_a_token_is_promoted_by_its_own_embedding() -> None:
    model = load("tiny")
    ids = encode("one two three four") * 10
    wanted = model.rows("wte.weight", ids[:4]) / model["ln_f.weight"]
    found = promoted_tokens(wanted, model, np.array(ids))
    scores = model.rows("wte.weight", ids[:4]) @ model.rows("wte.weight", ids[:4]).T
    assert [row[0] for row in found] == [decode([ids[best]]) for best in scores.argmax(axis=1)]


def test_the_jedi_feature_is_the_one_that_fires_in_texts_about_star_wars() -> None:
    read = reading("Luke is a Jedi. He is here.", "He is a chef. He is here.")
    both, here = at(read, " is"), at(read, " He")
    found = jedi(
        [firings(both), firings(here[:1]), firings([])], read, np.eye(3, 32, dtype=np.float32), load("tiny"), 1
    )
    assert (found["feature"], found["layer"]) == (1, 1)
    assert about_star_wars(read.tokens)[: here[0]].all()


def test_steering_by_0_changes_nothing() -> None:
    model = load("tiny")
    vector = np.linspace(-1, 1, 32, dtype=np.float32)
    assert steer(model, 1, vector, 0) == steer(model, 1, 0 * vector, 5)._replace(coefficient=0)
    assert steer(model, 1, vector, 50).after != steer(model, 1, vector, 0).after


@pytest.mark.parametrize(
    ("after", "chosen"), [((0.0, 0.985, 0.99), 50), ((0.0, 0.3, 0.2), 50), ((0.0, 0.3, 0.95), 100)]
)
def test_the_coefficient_is_the_smallest_that_is_enough_else_the_best(after: tuple[float, ...], chosen: int) -> None:
    assert coefficient([Steered(at, 0.0, p) for at, p in zip((0, 50, 100), after, strict=True)]) == chosen


def test_topics_are_written_in_small_letters() -> None:
    assert all(word == word.lower() for words in (TOPICS | PARTS_OF_SPEECH).values() for word in words)
    assert len(TOPICS) > 80


def test_the_file_and_the_readme_show_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("udfs.models.demo_sae.recipe.labels._LEAST_FIRINGS", 1)
    monkeypatch.setattr("udfs.models.demo_sae.recipe.labels._STRONGEST", 1.0)
    read, model = reading("Luke is a Jedi. He is here.", "An apple or oranges."), load("tiny")
    decoder = np.eye(3, 32, dtype=np.float32)
    fired = [firings(at(read, " is")), firings(at(read, " apple", " oranges")), firings([])]
    star_wars = jedi(fired, read, decoder, model, 1)
    found = {
        "training": {
            "features": 3, "tokens": 32, "variance explained": 0.87, "features active at a token": 9.5,
            "features never active": 1,
        },
        "jedi": star_wars,
        "features": catalogue(decoder, fired, read, model, star_wars["feature"]),
    }  # fmt: skip
    write_json(found, tmp_path / "features.json")
    assert json.loads((tmp_path / "features.json").read_text(encoding="utf-8")) == found
    assert {entry["label"] for entry in found["features"]} == {"the word `is`", "fruit"}
    assert "| 1 | fruit | 1.00 | 1.00 |" in readme(found)
    assert f"add {found['jedi']['coefficient']} * sae(1, 0) to h.1 at all" in readme(found)
