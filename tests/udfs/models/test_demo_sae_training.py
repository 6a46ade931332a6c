"""The training of the demo model's autoencoder, at a toy size. It needs torch, from the extra `recipe`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from udfs.backend.interpret.sae import CONFIG_FILE, open_autoencoder  # noqa: E402
from udfs.models.demo_sae.recipe.training import Plan, train, write  # noqa: E402

TOY = Plan(n_features=16, steps=400, batch=128, rate=5e-3, penalty=0.2)


def test_sparse_directions_are_found_and_the_files_hold_them(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    active = random.random((4000, 8)) < 0.15
    x = (active * random.uniform(5, 10, active.shape)) @ np.linalg.qr(random.normal(size=(12, 12)))[0][:8]
    write(train(torch.from_numpy(x).float(), TOY), tmp_path, 3, TOY)
    autoencoder = open_autoencoder(tmp_path)
    x = x.astype(np.float32)
    features = autoencoder.encode(x)
    error = np.square(x - autoencoder.decode(features)).sum()
    assert error < 0.1 * np.square(x - x.mean(axis=0)).sum()
    assert (features > 0).sum(axis=1).mean() < 4
    lengths = [np.linalg.norm(autoencoder.feature(number)) for number in range(16)]
    np.testing.assert_allclose(lengths, 1, atol=2e-3)
    assert json.loads((tmp_path / CONFIG_FILE).read_text(encoding="utf-8"))["d_sae"] == 16
