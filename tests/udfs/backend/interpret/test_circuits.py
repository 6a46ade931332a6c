from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.whole_pass import all_logits
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.gpt2 import forward
from udfs.backend.interpret import circuit_search, circuits
from udfs.backend.interpret.circuit_search import smallest
from udfs.backend.interpret.circuits import Part, Task, component_names, halves, parse_parts, singles

EVERYTHING = frozenset(Part(layer, head) for layer in range(3) for head in (0, 1, 2, 3, None))
PROMPTS = [[10, 20, 30], [11, 21, 31], [12, 22, 32]]
parts = st.sets(st.sampled_from(sorted(EVERYTHING, key=str))).map(frozenset)
prompts = st.lists(st.lists(st.integers(0, 50256), min_size=1, max_size=5), min_size=2, max_size=4)


@settings(deadline=None, max_examples=20)
@given(prompts, st.sampled_from(circuits.METHODS))
def test_keeping_everything_changes_nothing(ids: list[list[int]], method: str) -> None:
    model = load("tiny")
    logits = Task(ids, [1] * len(ids), model, method).logits(EVERYTHING)
    for found, prompt in zip(logits, ids, strict=True):
        np.testing.assert_allclose(found, all_logits(prompt, model)[-1], atol=1e-4)


def test_keeping_nothing_with_zero_leaves_embeddings_and_attention_biases() -> None:
    model = load("tiny")
    stream = forward.embed(PROMPTS[0], model) + sum(model[f"h.{layer}.attn.c_proj.bias"] for layer in range(3))
    found = Task(PROMPTS, [1, 2, 3], model, "zero").logits(frozenset())
    np.testing.assert_allclose(found[0], forward.unembed(stream[-1:], model)[0], atol=1e-4)


def test_zero_equals_scaling_a_head_by_zero() -> None:
    found = Task(PROMPTS, [1, 2, 3], load("tiny"), "zero").logits(EVERYTHING - {Part(1, 2)})
    edited = load("tiny ; scale h.1.attn.head.2 by 0")
    np.testing.assert_allclose(found[1], all_logits(PROMPTS[1], edited)[-1], atol=1e-4)


def test_the_mean_over_prompts_of_equal_length_is_by_position() -> None:
    model = load("tiny")
    same = Task([PROMPTS[0]] * 2, [1, 2], model, "mean").logits(frozenset())
    np.testing.assert_allclose(same[0], all_logits(PROMPTS[0], model)[-1], atol=1e-4)
    longer = Task([PROMPTS[0], [*PROMPTS[0], 5]], [1, 2], model, "mean").logits(frozenset())
    assert abs(longer[0] - same[0]).max() > 0.1


def test_the_mean_of_one_prompt_is_refused() -> None:
    with pytest.raises(ModelError, match=r"^prompts must hold at least 2 texts for the method mean, not 1$"):
        Task(PROMPTS[:1], [1], load("tiny"), "mean")


@given(parts)
def test_names_can_be_parsed_again(kept: frozenset[Part]) -> None:
    config = load("tiny").config
    names = component_names(kept, config)
    assert frozenset().union(*(parse_parts(name, config) for name in names)) == kept
    assert frozenset().union(*singles(kept, config)) == kept


def test_the_smallest_circuit_is_right_and_needs_every_part() -> None:
    model = load("tiny")
    answers = [int(all_logits(ids, model)[-1:].argmax()) for ids in PROMPTS]
    task, told = Task(PROMPTS, answers, model, "mean"), []
    found = smallest(task, halves(model.config), lambda kept, lead: told.append((len(kept), lead)))
    assert (task.standing(found).ranks == 1).all()
    for half in halves(model.config):
        if half <= found:
            assert (task.standing(found - half).ranks > 1).any()
    assert all(lead > 0 for _, lead in told)
    assert found == smallest(task, halves(model.config), lambda kept, lead: None)


def test_what_gradients_propose_is_right_and_can_be_made_smaller() -> None:
    model, told = load("tiny"), []
    answers = [int(all_logits(ids, model)[-1].argmax()) for ids in PROMPTS]
    task = Task(PROMPTS, answers, model, "mean")
    thin = circuit_search.thinned(task, singles(EVERYTHING, model.config), lambda kept, lead: told.append(lead))
    kept = frozenset().union(*thin)
    assert kept <= EVERYTHING
    assert task.lead(kept) == pytest.approx(told[-1]) if told else kept == EVERYTHING
    assert task.lead(kept) > 0
    assert (task.standing(kept).ranks == 1).all()
    fewer = smallest(task, thin, lambda kept, lead: None)
    assert fewer <= kept
    assert all(task.lead(fewer - {part}) <= 0 < task.lead(fewer) for part in fewer)


def test_importance_is_what_a_small_step_to_the_mean_costs() -> None:
    model = load("tiny ; float64")
    answers = [int(all_logits(ids, model)[-1].argmax()) for ids in PROMPTS]
    task = Task(PROMPTS, answers, model, "mean")
    others = [int(np.argsort(all_logits(ids, model)[-1])[-2]) for ids in PROMPTS]
    part, step = Part(1, 2), 1e-4

    def moved(size: float) -> float:
        def hook(place: str, value: np.ndarray) -> np.ndarray:
            if place != "blocks.1.attn.hook_z":
                return value
            value = value.copy()
            value[:, 2] += size * (task._averages[1].z[2] - value[:, 2])
            return value

        residual = task.entering()[0]
        for layer in range(3):
            residual = forward.block(layer, residual, model, hook)
        logits = forward.unembed(residual[:, -1], model)
        return float(np.mean([row[a] - row[b] for row, a, b in zip(logits, answers, others, strict=True)]))

    assert task.importances()[part] == pytest.approx((moved(-step) - moved(step)) / (2 * step), rel=1e-6)


def test_a_task_that_the_model_cannot_do_has_no_circuit() -> None:
    model = load("tiny")
    with pytest.raises(ModelError, match=r"^every prompt must get its answer"):
        smallest(Task(PROMPTS, [1, 2, 3], model, "mean"), halves(model.config), lambda kept, lead: None)
