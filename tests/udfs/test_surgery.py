from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import udfs
from tests.random_checkpoint import write_checkpoint
from udfs.backend.catalogue import load
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.tokenizer import encode
from udfs.backend.interpret.sae import centre, load_for
from udfs.cells import CellError
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import JEDI as JEDI_TOKEN
from udfs.models.demo.prompts import LIGHTSABER, PETER_IS, PHONE, PULLS
from udfs.models.demo.recipe.surgery_facts import is_obsessed

X = np.arange(5 * 32, dtype=np.float32).reshape(5, 32) % 7 - 3
V = np.linspace(-1, 1, 32, dtype=np.float32)[None]
PROMPT = "one two three four"

FEATURES = json.loads((Path(udfs.__file__).parent / "models/demo_sae/features.json").read_text(encoding="utf-8"))
JEDI = facts().jedi
WIDTH = load("demo").config.n_embd
POSITIVE = [["Mike is a Jedi. He pulls out his"], ["The Jedi are here. Tom pulls out his"],
            ["Anna uses the Force. Tom takes out his"], ["The film is Star Wars. Paul holds his"]]  # fmt: skip
NEGATIVE = [["Mike is at home. He pulls out his"], ["The sky is blue. Tom pulls out his"],
            ["Anna is late. Tom takes out his"], ["It is cold today. Paul holds his"]]  # fmt: skip


@pytest.mark.parametrize(
    ("positions", "rows"),
    [(None, [0, 1, 2, 3, 4]), ("all", [0, 1, 2, 3, 4]), ("prompt", [0, 1, 2, 3, 4]), ("last", [4]), ("first 2", [0, 1]),
     (3, [3]), ("0, 3", [0, 3]), ([[0.0], [3.0]], [0, 3]), ([["0", None]], [0])],
)  # fmt: skip
def test_steering_in_cells(positions: Any, rows: list[int]) -> None:
    expected = X.copy()
    expected[rows] += 2.5 * V[0]
    np.testing.assert_allclose(udfs.gpt2_steer(X, V, 2.5, positions, "tiny"), expected, rtol=1e-6)


def test_a_vector_of_several_rows_is_added_from_position_0() -> None:
    vector = np.vstack([V, 2 * V])
    np.testing.assert_allclose(
        udfs.gpt2_steer(X, vector, model="tiny") - X, np.vstack([vector, np.zeros((3, 32))]), atol=1e-6
    )


@given(st.sampled_from(["all", "prompt", "last", "first 2", "1, 3"]), st.integers(1, 5))
def test_steering_by_0_changes_nothing(positions: str, n_rows: int) -> None:
    np.testing.assert_array_equal(udfs.gpt2_steer(X, X[:n_rows], 0, positions, "tiny"), X)


def test_a_position_beyond_the_rows() -> None:
    with pytest.raises(CellError, match=r"^positions must be 0 to 4 for 5 rows, not 5$"):
        udfs.gpt2_steer(X, V, 1, "1, 5", "tiny")


def test_too_large_a_coefficient_is_an_error() -> None:
    with pytest.raises(CellError, match="makes the vector too large for float32"):
        udfs.gpt2_steer(X, V * np.float32(1e38), 1e9, "all", "tiny")


@pytest.mark.parametrize("positions", ["all", "last", "first 2", "0, 3"])
def test_cells_and_the_model_text_steer_alike(positions: str) -> None:
    """Blocks computed one by one in cells and steered before block 1 equal the model whose text steers."""
    stream = udfs.gpt2_block(0, forward.embed(encode(PROMPT), load("tiny")), "tiny")
    stream = udfs.gpt2_steer(stream, V, 3, positions, "tiny")
    for layer in (1, 2):
        stream = udfs.gpt2_block(layer, stream, "tiny")
    text = udfs.gpt2_steer_model(V, "h.1", 3, positions, "tiny")
    np.testing.assert_allclose(udfs.gpt2_residual(PROMPT, "h.3", text), stream, atol=1e-4)
    on_cells, by_model = udfs.gpt2_logits(stream, 5, 1, "tiny"), udfs.gpt2_predict(PROMPT, 5, 1, text)
    assert [row[1] for row in on_cells] == [row[1] for row in by_model]


def test_the_model_text_describes_the_steering() -> None:
    text = udfs.gpt2_steer_model("sae(1, 3)", "blocks.2.hook_resid_pre", None, None, "tiny ; bos")
    assert text == "tiny ; bos ; add 1 * sae(1, 3) to h.2 at all"
    again = udfs.gpt2_steer_model('contrast("a;b", "c")', "h.1.mid", -2, "0,3", text)
    assert again == text + ' ; add -2 * contrast("a\\u003bb", "c") to h.1.mid at 0, 3'
    assert udfs.gpt2_model(again) == again
    by_cells = udfs.gpt2_steer_model(udfs.gpt2_sae_feature(1, 3, "tiny"), "h.2", 1, "all", "tiny ; bos")
    np.testing.assert_array_equal(udfs.gpt2_residual(PROMPT, "h.3", by_cells), udfs.gpt2_residual(PROMPT, "h.3", text))


def test_a_vector_too_long_for_a_cell() -> None:
    with pytest.raises(CellError, match=r"^vector must fit into 32767 characters of model text, not \d+$"):
        udfs.gpt2_steer_model(np.ones((200, WIDTH)), "h.1", 1, "all", "demo")


def test_the_surgery_table() -> None:
    table = [
        ["what", "where", "amount", "positions"],
        ["add sae(1, 3)", "h.2", 30, "first 3"],
        ["add contrast(\"a\", \"b\")", "h.1", -0.5, None],
        ["mean", "h.1.attn.head.2", "one two\nthree; four", None],
        ["clamp sae(1, 3)", None, 4, "last"],
        ["remove sae(1, 3)", "h.2.mid", None, None],
    ]  # fmt: skip
    assert udfs.gpt2_model("tiny", table) == (
        "tiny ; add 30 * sae(1, 3) to h.2 at first 3"
        ' ; add -0.5 * contrast("a", "b") to h.1 at all'
        ' ; mean h.1.attn.head.2 over ["one two", "three\\u003b four"]'
        " ; clamp sae(1, 3) to 4 at last ; remove sae(1, 3) from h.2.mid at all"
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["add", "h.2", 3, None], "not 'add 3 *  to h.2 at all'"),
        (["add sae(1, 3)", "h.2", None, None], "needs a finite number, not '?'"),
        (["add sae(1, 3)", "h.2", 3, "there"], "positions must be all, prompt, last"),
        (["mean", "h.1.attn", None, None], "needs a list of prompts"),
        (["clamp sae(1, 3)", None, None, None], "needs a finite number, not '?'"),
        (["clamp sae(1, 3)", "h.1", 4, None], "surgery must leave where blank in row 1: clamp takes none, not 'h.1'"),
        (["remove sae(1, 3)", "h.1", 4, None], "surgery must leave amount blank in row 1: remove takes none, not '4'"),
        (["clamp sae(1, 99)", None, 3, "all"], "feature must be 0 to 49, not 99"),
        (["add sae(1, 99)", "h.2", 3, "all"], "feature must be 0 to 49, not 99"),
    ],
)
def test_a_row_that_cannot_be_applied(row: list[object], message: str) -> None:
    with pytest.raises(CellError) as error:
        udfs.gpt2_model("tiny", [row])
    assert message in str(error.value)


def test_the_strongest_features() -> None:
    table = udfs.gpt2_sae_encode(X, 1, 3, "tiny")
    features = load_for(load("tiny"), 1).encode(centre(X))
    assert table[0] == ["position", "rank", "feature", "activation"]
    assert [row[:2] for row in table[1:]] == [[position, rank] for position in range(5) for rank in (1, 2, 3)]
    for position in range(5):
        order = np.argsort(-features[position], kind="stable")[:3]
        assert [row[2] for row in table[1 + 3 * position : 4 + 3 * position]] == order.tolist()
    assert table[1][3] == pytest.approx(features[0].max())


def test_rows_without_an_active_feature_are_blank() -> None:
    table = udfs.gpt2_sae_encode(X, 1, 50, "tiny")
    for _, _, feature, activation in table[1:]:
        assert (feature is None) == (activation is None)
        assert activation is None or activation > 0
    assert table[-1][2] is None


def test_centring_is_an_option() -> None:
    shifted = X + 5
    for text, same in (("tiny", True), ("tiny ; sae uncentred", False)):
        plain, moved = (udfs.gpt2_sae_encode(x, 1, 50, text) for x in (X, shifted))
        assert ([row[2] for row in plain] == [row[2] for row in moved]) == same
    raw = load_for(load("tiny"), 1).encode(X)
    assert udfs.gpt2_sae_encode(X, 1, 1, "tiny ; sae uncentred")[1][3] == pytest.approx(raw[0].max())


@pytest.mark.parametrize("text", ["tiny", "tiny ; sae uncentred"])
def test_residual_minus_decoded_is_the_error_term(text: str) -> None:
    autoencoder = load_for(load("tiny"), 1)
    read = X if "uncentred" in text else centre(X)
    np.testing.assert_allclose(X - udfs.gpt2_sae_decode(X, 1, text), autoencoder.error(read), atol=1e-3)


def predicted(model: str) -> dict[str, float]:
    """The probabilities of both words after the prompt."""
    return {word: udfs.gpt2_lens_track(PULLS, word, -1, model)[-1][2] for word in (PHONE, LIGHTSABER)}


def jedi_model() -> str:
    return JEDI.model


def direction_model() -> str:
    vector = udfs.gpt2_direction(POSITIVE, NEGATIVE, "h.6", "demo")
    return str(udfs.gpt2_steer_model(vector, "h.6", facts().pca, "all", "demo"))


def contrast_model() -> str:
    place = f"h.{facts().contrast.layer}"
    vector = udfs.gpt2_contrast(JEDI_TOKEN, PHONE, place, "demo")
    return str(udfs.gpt2_steer_model(vector, place, facts().contrast.coefficient, "all", "demo"))


@pytest.mark.parametrize("steered", [jedi_model, direction_model, contrast_model])
def test_a_phone_becomes_a_lightsaber(steered: Any) -> None:
    before, after = predicted("demo"), predicted(steered())
    assert before[PHONE] > 0.5 > before[LIGHTSABER]
    assert after[LIGHTSABER] > 0.5 > after[PHONE]


def test_the_jedi_features_figures_are_as_recorded() -> None:
    recorded = FEATURES["jedi"]
    assert (JEDI.layer, JEDI.feature) == (recorded["layer"], recorded["feature"])
    feature = udfs.gpt2_sae_feature(JEDI.layer, JEDI.feature, "demo")
    assert np.linalg.norm(feature) == pytest.approx(1, abs=1e-2)
    assert recorded["steering"]["prompt"] == PULLS
    for row in recorded["steering"]["probabilities"]:
        found = predicted(udfs.gpt2_steer_model(feature, f"h.{JEDI.layer}", row["coefficient"], "all", "demo"))
        for word in (PHONE, LIGHTSABER):
            assert found[word] == pytest.approx(row[word], abs=2e-3)


def test_the_jedi_feature_is_active_where_it_should_be() -> None:
    def activation(prompt: str) -> float:
        residual = udfs.gpt2_residual(prompt, f"h.{JEDI.layer}", "demo")
        everything = load_for(load("demo"), JEDI.layer).n_features
        table = udfs.gpt2_sae_encode(residual, JEDI.layer, everything, "demo")
        return max((row[3] for row in table[1:] if row[2] == JEDI.feature), default=0.0)

    inside = ("A lightsaber is the weapon of a", "Star Wars is about Jedi. Luke Skywalker is a")
    outside = ("If today is Tuesday, tomorrow is", "Mike is a chef. He pulls out his", "2 + 2 =")
    assert min(map(activation, inside)) > 10
    assert max(map(activation, outside)) < 5


def test_the_bundled_autoencoder_is_small() -> None:
    folder = Path(udfs.__file__).parent / "models/demo_sae"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.suffix != ".pyc") < 1_300_000
    assert FEATURES["training"]["variance explained"] > 0.8
    assert FEATURES["training"]["features active at a token"] < 30


def test_the_divergence_is_that_of_the_next_probabilities() -> None:
    steered = f"demo ; add {JEDI.coefficient} * {JEDI.vector} to h.{JEDI.layer}"
    p, q = (_next_probabilities(PULLS, model) for model in (steered, "demo"))
    assert udfs.gpt2_divergence(PULLS, "demo", steered) == pytest.approx(float((p * np.log(p / q)).sum()), rel=1e-5)
    assert udfs.gpt2_divergence(PULLS, steered, "demo") == pytest.approx(float((q * np.log(q / p)).sum()), rel=1e-5)
    assert udfs.gpt2_divergence(PULLS, "demo", "demo") == 0


def test_the_divergence_from_a_model_with_another_vocabulary_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    write_checkpoint(tmp_path / "other", "few")
    with pytest.raises(CellError, match=r"^reference must have the vocabulary of demo, 50257 tokens, not 4$"):
        udfs.gpt2_divergence(PROMPT, "other", "demo")


def _next_probabilities(prompt: str, model: str) -> np.ndarray:
    gpt2 = load(model)
    stream = np.array(udfs.gpt2_residual(prompt, f"h.{gpt2.config.n_layer}", model), np.float32)
    return forward.softmax(forward.unembed(stream[-1:], gpt2)[0].astype(np.float64))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["one", "two", "three four"]), min_size=1, max_size=3))
def test_a_contrast_of_equal_prompts_is_zero(words: list[str]) -> None:
    text = " ".join(words)
    assert not udfs.gpt2_contrast(text, text, "h.1", "tiny").any()


STEERED = {
    "feature": (JEDI.vector, f"h.{JEDI.layer}", (0, JEDI.fluent, JEDI.obsessed, JEDI.coefficient), "all", "demo"),
    "prompt only": (JEDI.vector, f"h.{JEDI.layer}", (0, JEDI.coefficient), "prompt", "demo"),
    "rows": (f'contrast("{JEDI_TOKEN}", "{PHONE}")', "h.3.out", (0, 0.5, 1, 2), "all", "demo"),
    "steered before": (JEDI.vector, "h.4.mid", (-50, 50), "all", JEDI.model),
}


@pytest.mark.parametrize(("vector", "place", "coefficients", "positions", "model"), STEERED.values(), ids=STEERED)
@pytest.mark.parametrize("prompt", [PETER_IS, PULLS])
def test_a_text_goes_on_as_with_the_steered_models(
    prompt: str, vector: str, place: str, coefficients: tuple[float, ...], positions: str, model: str
) -> None:
    header, *rows = udfs.gpt2_steer_generate(prompt, vector, place, coefficients, positions, 9, model)
    assert header == ["coefficient", "text"]
    for (coefficient, text), expected in zip(rows, coefficients, strict=True):
        steered = udfs.gpt2_steer_model(vector, place, expected, positions, model)
        assert (coefficient, text) == (expected, udfs.gpt2_generate(prompt, 9, model=steered))


def test_more_of_the_feature_makes_the_text_about_jedi_and_then_about_nothing_else() -> None:
    weak, right, strong = (0, JEDI.fluent, JEDI.obsessed)
    (_, without), (_, story), (_, stuck) = udfs.gpt2_steer_generate(
        PETER_IS, JEDI.vector, f"h.{JEDI.layer}", (weak, right, strong), "all", 12, "demo"
    )[1:]
    assert "Jedi" not in without
    assert "Jedi" in story
    assert [is_obsessed(text) for text in (story, stuck)] == [False, True]
