"""The training of the demo model, at a toy size. It needs torch, which only the extra `recipe` installs."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from udfs.backend.catalogue import load  # noqa: E402
from udfs.backend.gpt2.forward import forward  # noqa: E402
from udfs.models.demo.recipe import export, mixture  # noqa: E402
from udfs.models.demo.recipe.calibration import bins, expected_error  # noqa: E402
from udfs.models.demo.recipe.held_out import PROMPTS  # noqa: E402
from udfs.models.demo.recipe.loss import weighted_cross_entropy  # noqa: E402
from udfs.models.demo.recipe.muon import Muon, orthogonalized  # noqa: E402
from udfs.models.demo.recipe.network import Shape, causal_attention  # noqa: E402
from udfs.models.demo.recipe.schedule import Schedule  # noqa: E402
from udfs.models.demo.recipe.sources import GRAMMAR, SHARES, Texts  # noqa: E402
from udfs.models.demo.recipe.train import CHECKPOINT, LOG, Plan, Rows, Run, start, train  # noqa: E402
from udfs.models.demo.recipe.visitors import VISITOR_PROMPTS  # noqa: E402

TOY = Plan(
    shape=Shape(n_layer=2, n_head=2, n_embd=16, n_positions=128),
    n_known=300,
    batches=(Rows(3, 16, False), Rows(2, 32, True)),
    schedule=Schedule(warm_up=200, longest=2000, cool_down_share=0.2),
    log_every=5,
    watch_every=1000,
    checkpoint_seconds=0.0,
)
WORDS = ("the cat", "a dog", "my mother", "the king", "a bird")
TEXTS = {
    name: Texts(
        tuple(f"{who} saw {whom} in the {name} today." for who in WORDS for whom in WORDS), ("The end is near.",)
    )
    for name in SHARES
    if name != GRAMMAR
}


@pytest.fixture(autouse=True)
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixture, "_SAMPLE", 300)


def losses(run: Run, folder: Path, steps: int | None = None) -> list[float]:
    return list(islice(train(run, TOY, folder, lambda _: {}), steps))


def test_a_run_that_is_killed_and_resumed_goes_on_as_an_unbroken_one(tmp_path: Path) -> None:
    unbroken = losses(start(TOY, TEXTS, tmp_path / "none"), tmp_path / "a", 40)
    killed = losses(start(TOY, TEXTS, tmp_path / "none"), tmp_path / "b", 17)
    resumed = losses(start(TOY, TEXTS, tmp_path / "b" / CHECKPOINT), tmp_path / "b", 23)
    assert killed + resumed == unbroken


def test_training_lowers_the_loss_and_is_logged(tmp_path: Path) -> None:
    found = losses(start(TOY, TEXTS, tmp_path / "none"), tmp_path)
    assert np.mean(found[-6:]) < 0.8 * np.mean(found[:6])
    assert '"step": 5, "tokens": ' in (tmp_path / LOG).read_text(encoding="utf-8")


def test_a_cool_down_ends_the_run_and_survives_a_kill(tmp_path: Path) -> None:
    run = start(TOY, TEXTS, tmp_path / "none")
    losses(run, tmp_path, 8)
    run.cooling_from = run.tokens
    losses(run, tmp_path / "cool-down", 1)
    resumed = start(TOY, TEXTS, tmp_path / "cool-down" / CHECKPOINT)
    assert resumed.cooling_from == 8 / 2 * (48 + 64)
    losses(resumed, tmp_path / "cool-down")
    assert resumed.tokens == pytest.approx(resumed.cooling_from / 0.8, abs=64)


def test_a_resumed_run_keeps_the_vocabulary_that_it_began_with(tmp_path: Path) -> None:
    run = start(TOY, TEXTS, tmp_path / "none")
    losses(run, tmp_path, 2)
    resumed = start(replace(TOY, n_known=100), {"tatoeba": TEXTS["tatoeba"]}, tmp_path / CHECKPOINT)
    assert resumed.mixture.vocabulary == run.mixture.vocabulary
    losses(resumed, tmp_path, 2)


def test_a_run_from_a_trained_model_begins_with_its_weights_and_vocabulary(tmp_path: Path) -> None:
    trained = start(TOY, TEXTS, tmp_path / "none")
    losses(trained, tmp_path, 6)
    export.write(trained.network, trained.mixture.vocabulary, tmp_path / "model")
    run = start(replace(TOY, n_known=100), {"tatoeba": TEXTS["tatoeba"]}, tmp_path / "none", tmp_path / "model")
    assert run.mixture.vocabulary == trained.mixture.vocabulary
    for name, tensor in trained.network.state_dict().items():
        torch.testing.assert_close(run.network.state_dict()[name], tensor.half().float(), rtol=0, atol=0)
    losses(run, tmp_path / "more", 2)


def test_the_rate_warms_up_stays_and_cools_down() -> None:
    schedule = Schedule(warm_up=100, longest=5000, cool_down_share=0.2)
    assert schedule.factor(49, None) == 0.5
    assert schedule.factor(4000, None) == 1.0
    assert schedule.end(4000) == 5000
    assert [schedule.factor(tokens, 4000) for tokens in (3999, 4000, 4250, 5000)] == [1.0, 1.0, 0.5, 0.0]


def test_a_batch_depends_on_the_step_and_on_what_was_drawn(tmp_path: Path) -> None:
    one, other = (mixture.Mixture(TEXTS, 300, seed=1) for _ in range(2))
    one.batch(0, 3, 16, False)
    other.drawn = dict(one.drawn)
    for a, b in zip(one.batch(1, 3, 16, False), other.batch(1, 3, 16, False), strict=True):
        assert np.array_equal(a, b)


def test_an_epoch_reads_every_document_once() -> None:
    source = mixture.Source("a", [np.array([number]) for number in range(10)], seed=1)
    epochs = [[int(source.piece(10 * epoch + at)[0]) for at in range(10)] for epoch in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert epochs[0] != epochs[1]


def test_everyday_words_count_fully_and_drawn_words_of_the_grammar_little() -> None:
    batch = mixture.Mixture(TEXTS, 300, seed=1).batch(0, 40, 32, False)
    assert set(np.unique(batch.weights).tolist()) <= {0.0, float(np.float32(mixture.DRAWN)), 1.0, mixture.MARKED}
    assert {1.0, mixture.MARKED} <= set(np.unique(batch.weights).tolist())


def test_the_loss_in_chunks_has_the_gradients_of_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udfs.models.demo.recipe.loss._CHUNK", 4)
    torch.manual_seed(0)
    x, table = torch.randn(10, 8, requires_grad=True), torch.randn(30, 8, requires_grad=True)
    shift, targets, weights = torch.randn(30), torch.randint(30, (10,)), torch.rand(10)
    plain = torch.nn.functional.cross_entropy(x @ table.T + shift, targets, reduction="none") @ weights
    expected = torch.autograd.grad(3 * plain, (x, table))
    loss = weighted_cross_entropy(x, table, shift, targets, weights)
    torch.testing.assert_close(loss, plain)
    torch.testing.assert_close(torch.autograd.grad(3 * loss, (x, table)), expected)


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (8, 8)])
def test_muon_steps_as_torchs_own(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    ours, theirs = (
        [torch.nn.Parameter(matrix.clone()) for matrix in (torch.ones(shape), torch.eye(*shape))] for _ in "ab"
    )
    muon = Muon(ours, lr=0.02, weight_decay=0.1)
    reference = torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1, adjust_lr_fn="original")
    for _ in range(3):
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn(shape)
            b.grad = a.grad.clone()
        muon.step()
        reference.step()
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)  # torch's is rounded to bfloat16


def test_attention_in_blocks_equals_attention_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udfs.models.demo.recipe.network._QUERIES", 4)
    q, k, v = torch.randn(3, 2, 3, 10, 8)
    at_once = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(causal_attention(q, k, v), at_once)


def test_muon_moves_singular_values_close_to_one() -> None:
    singular = torch.linalg.svdvals(orthogonalized(torch.randn(3, 16, 40)))
    assert 0.5 < float(singular.min()) < float(singular.max()) < 1.3


def test_the_written_model_computes_what_the_trained_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    run = start(TOY, TEXTS, tmp_path / "none")
    losses(run, tmp_path, 6)
    vocabulary = run.mixture.vocabulary
    export.write(run.network, vocabulary, tmp_path / "trained")
    ids = [vocabulary.tokens[i] for i in (5, 200, 9, 17)]
    with torch.no_grad():
        expected = run.network(torch.tensor([[5, 200, 9, 17]]))[0].softmax(-1)  # [4, n_known + 1]
    logits = forward(ids, load("trained"))  # [4, n_vocab]
    found = np.exp(logits - logits.max(-1, keepdims=True))
    found /= found.sum(-1, keepdims=True)
    np.testing.assert_allclose(found[:, list(vocabulary.tokens)], expected[:, :-1], rtol=0.02, atol=1e-5)
    unknown = np.delete(found, list(vocabulary.tokens), axis=1)
    np.testing.assert_allclose(unknown.sum(-1), expected[:, -1], rtol=0.02)
    assert np.ptp(unknown, axis=1).max() < 1e-9


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written model that holds all 50,257 tokens equally likely."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixture, "_SAMPLE", 300)
        run = start(TOY, TEXTS, Path("none"))
    with torch.no_grad():
        run.network.ln_f.weight.zero_()
    folder = tmp_path_factory.mktemp("untrained")
    export.write(run.network, run.mixture.vocabulary, folder)
    return folder


def test_perplexity_and_calibration_count_all_tokens_of_gpt2(untrained: Path) -> None:
    evaluate = pytest.importorskip("udfs.models.demo.recipe.evaluate")
    scores = evaluate.scores(evaluate.load(untrained), ["Zebras juggle quietly.", "One day it rained."])
    assert scores.perplexity == pytest.approx(50257, rel=1e-3)
    assert expected_error(bins(scores.confidences, scores.hits)) < 1e-3


def test_the_report_shows_every_prompt_and_twenty_stories(untrained: Path) -> None:
    report = pytest.importorskip("udfs.models.demo.recipe.report")
    texts = {name: Texts((), ("The end is near.",)) for name in ("tatoeba", "tinystories")}
    found = report.find(untrained, texts)
    text = report.markdown(found)
    assert all(
        f"| `{prompt}` |" in text for prompt in (*(v.prompt for v in VISITOR_PROMPTS), *(p.prompt for p in PROMPTS))
    )
    assert "| visitors' prompts that go on sensibly | 0 of 60 |" in text
    assert "\n20. Once upon a time" in text
