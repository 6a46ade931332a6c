from __future__ import annotations

import pytest

from tests.random_checkpoint import random_model
from udfs.backend.gpt2.model import Model


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model with a vocabulary of four tokens."""
    return random_model(tmp_path_factory.mktemp("few"), "few")
