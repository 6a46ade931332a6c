"""What all comparisons share: a checkpoint with random weights, and the option to record a fixture."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.random_checkpoint import SIZES, write_checkpoint
from udfs.backend.fast.linears import Linears
from udfs.backend.gpt2.checkpoint import open_checkpoint
from udfs.backend.gpt2.model import Model


def main(
    documentation: str, compare: Callable[[Path], None], record: Callable[[Path, Path], None], fixture: Path
) -> None:
    """Compares at full size, or records the fixture for the normal tests."""
    parser = argparse.ArgumentParser(description=documentation.splitlines()[0])
    parser.add_argument("--record", action="store_true")
    is_recording = parser.parse_args().record
    size = "tiny" if is_recording else "small"
    with tempfile.TemporaryDirectory() as temporary:
        folder = write_checkpoint(Path(temporary) / size, size)
        print(f"random checkpoint: {SIZES[size]}")
        if not is_recording:
            compare(folder)
            return
        record(folder, fixture)
    print(f"wrote {fixture.name}, {fixture.stat().st_size} bytes")


def load(folder: Path) -> Model:
    """The checkpoint in a folder, loaded by this project."""
    checkpoint = open_checkpoint(folder)
    return Model(folder.name, folder.name, checkpoint.config, checkpoint.tensors, Linears(checkpoint.tensors))
