from __future__ import annotations

import pytest

from udfs.backend.catalogue import load
from udfs.backend.interpret.attribution import attribution
from udfs.backend.interpret.neurons import neurons

IDS = [5, 6, 7]


def test_neurons_and_biases_sum_to_the_attribution_of_the_mlps() -> None:
    model = load("tiny")
    found = neurons(IDS, 11, model, range(3), 5, 3, against=9)
    parts = attribution(IDS, 11, model, 9)
    expected = sum(part.logit for part in parts if part.name.endswith(".mlp"))
    assert found.of_neurons + found.of_biases == pytest.approx(expected, abs=1e-4)


def test_all_neurons_of_a_layer_sum_to_its_total() -> None:
    model = load("tiny")
    found = neurons(IDS, 11, model, [1], 10_000, 1)
    assert len(found.strongest) == model.config.n_inner
    assert sum(neuron.logit for neuron in found.strongest) == pytest.approx(found.of_neurons, abs=1e-4)
    sizes = [abs(neuron.logit) for neuron in found.strongest]
    assert sizes == sorted(sizes, reverse=True)


def test_removing_a_neuron_takes_its_part_away() -> None:
    """In the last layer nothing else changes but ln_f's scale, which is frozen in the parts."""
    neuron = neurons(IDS, 11, load("tiny"), [2], 1, 1).strongest[0]
    weights = f"h.2.mlp.c_proj.weight[{neuron.neuron},"
    without = load("tiny ; " + " ; ".join(f"set {weights}{n}] = 0" for n in range(load("tiny").config.n_embd)))
    left = neurons(IDS, 11, without, [2], 10_000, 1)
    assert next(of for of in left.strongest if of.neuron == neuron.neuron).logit == 0


def test_it_fires_where_its_activation_is_largest() -> None:
    for neuron in neurons(IDS, 11, load("tiny"), [0, 1], 20, 2).strongest:
        assert 0 <= neuron.fires_at < len(IDS)
        assert len(neuron.writes) == 2
