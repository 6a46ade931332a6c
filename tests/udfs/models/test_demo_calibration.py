"""The calibration in the demo model's report."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from udfs.models.demo.recipe.calibration import Bin, bins, expected_error, svg

HALF_RIGHT = np.array([True, False])


def test_a_model_that_is_right_as_often_as_it_says_has_no_error() -> None:
    assert expected_error(bins(np.array([0.5, 0.5]), HALF_RIGHT)) == 0


def test_the_error_is_the_distance_of_accuracy_from_confidence() -> None:
    confidences = np.array([0.92, 0.98, 0.15, 0.15])
    found = bins(confidences, np.array([True, False, False, False]))
    assert found[9] == pytest.approx(Bin(2, 0.95, 0.5))
    assert found[1] == pytest.approx(Bin(2, 0.15, 0.0))
    assert expected_error(found) == pytest.approx((0.45 + 0.15) / 2)


def test_a_certain_prediction_is_in_the_last_bin() -> None:
    assert bins(np.array([1.0, 1.0]), HALF_RIGHT)[-1].n == 2


def test_the_figure_has_a_bar_for_each_bin_as_high_as_its_accuracy() -> None:
    found = [Bin(0, 0.0, 0.0)] * 9 + [Bin(4, 0.95, 0.5)]
    _, *bars = ElementTree.fromstring(svg(found)).findall("{http://www.w3.org/2000/svg}rect")
    assert [float(bar.get("height")) for bar in bars] == [0.0] * 9 + [120.0]
