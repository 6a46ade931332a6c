from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from tests.random_checkpoint import random_model
from udfs.backend.catalogue import load
from udfs.backend.fast import linears
from udfs.backend.fast.linear import Linear
from udfs.backend.fast.tiles import TiledLinear
from udfs.backend.gpt2.forward import forward


def test_an_edited_model_shares_its_unedited_layers() -> None:
    original, edited = load("tiny"), load("tiny ; scale h.1.mlp by 0.5")
    assert edited.linear("h.0.attn.c_attn") is original.linear("h.0.attn.c_attn")
    assert edited.linear("lm_head") is original.linear("lm_head")
    assert edited.linear("h.1.mlp.c_proj") is not original.linear("h.1.mlp.c_proj")


@pytest.mark.parametrize("kernel", [True, False])
def test_large_layers_are_tiled_if_blas_uses_avx512(
    kernel: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linears, "has_avx512_kernel", lambda: kernel)
    model, ids = random_model(tmp_path, "wide"), list(range(10))
    assert isinstance(model.linear("h.0.mlp.c_fc"), TiledLinear if kernel else Linear)
    assert isinstance(model.linear("lm_head"), Linear)  # small
    expected = random_model(tmp_path / "plain", "wide")
    monkeypatch.setattr(linears, "has_avx512_kernel", lambda: False)
    np.testing.assert_allclose(forward(ids, model), forward(ids, expected), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("architectures", "expected"), [([], False), (["Haswell", None], False), (["Haswell", "SkylakeX"], True)]
)
def test_the_kernel_is_the_one_that_blas_names(
    architectures: list[str | None], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries = [{"architecture": name} for name in architectures]
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: libraries)
    assert linears.has_avx512_kernel.__wrapped__() is expected
