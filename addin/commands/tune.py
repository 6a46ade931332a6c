"""`gpt2-excel tune`: fine-tunes a model on your own texts, and saves it as a new model for every workbook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from addin.commands import options
from addin.errors import AddinError

if TYPE_CHECKING:
    from udfs.backend.gpt2.model import Model

_SHARE_OF_MEMORY = 0.8
_LINES = 10  # of progress
_MOST_BYTES = 50_000_000  # of a text file


@click.command()
@click.argument("textfile", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=options.Characters(),
    default="demo",
    show_default=True,
    metavar="TEXT",
    help='The model to begin with: a name of "gpt2-excel models", or a model text with edits of weights.',
)
@click.option("--name", type=options.Characters(), required=True, metavar="NAME", help="The name of the new model.")
@click.option("--steps", type=click.IntRange(1, 100_000), default=40, show_default=True, metavar="N")
@click.option(
    "--learning-rate",
    "rate",
    type=click.FloatRange(0, 1, min_open=True),
    default=1e-3,
    show_default=True,
    metavar="X",
    help="Larger learns faster, and forgets more of what the model knew.",
)
@click.option(
    "--only",
    multiple=True,
    type=options.Characters(),
    metavar="TENSOR",
    help="Train only the tensors whose names begin with this: h.11 is the last block of GPT-2 small. Can be repeated.",
)
def tune(textfile: Path, source: str, name: str, steps: int, rate: float, only: tuple[str, ...]) -> None:
    """Fine-tune a model on the lines of a text file, and save it under a new name.

    Every line is a text of its own. Ctrl-C ends the training early and keeps what was learned. Type the new name into
    the model cell of any workbook.

    For demo, twenty sentences take less than a minute. Training all of gpt2 needs 3.6 GB of memory and some ten
    seconds a step on one core, one of its blocks 1.3 GB and two seconds; what does not fit is refused.

    \b
    gpt2-excel tune sentences.txt --name mine
    gpt2-excel tune sentences.txt --from gpt2 --name mine --only h.11 --learning-rate 0.0003
    """
    from udfs.backend import catalogue
    from udfs.backend.train import tune as training

    folder = catalogue.new_folder(name)
    model = catalogue.load(source)
    if model.interventions:
        raise AddinError("--from must name weights only: what a model text adds to the stream cannot be saved")
    names = training.trained_names(only, model.config)
    texts = training.texts_of(_lines(textfile), model)
    _check_memory(training.bytes_needed(texts, names, model))
    before = training.mean_loss(texts, model)
    click.echo(f"{len(texts)} texts, {sum(map(len, texts))} tokens; loss {before:.3f} nats a token", err=True)
    done, stopped = 0, False
    try:
        for step in training.tune(training.batches(texts), steps, rate, names, model):
            model, done = step.model, step.number
            if done % max(1, steps // _LINES) == 0 or done in (1, steps):
                click.echo(f"step {done} of {steps}: loss {step.loss:.3f}", err=True)
    except KeyboardInterrupt:
        stopped = True
        if done == 0:
            raise
    _save(model, folder)
    click.echo(f"model    {name}, in {folder}")
    click.echo(f"loss     {before:.3f} before, {training.mean_loss(texts, model):.3f} after {done} steps")
    if stopped:
        raise KeyboardInterrupt(f"stopped after step {done} of {steps}; {name} has what it learned so far")


def _lines(textfile: Path) -> list[str]:
    if textfile.stat().st_size > _MOST_BYTES:
        raise AddinError(
            f"TEXTFILE must have at most {_MOST_BYTES // 10**6} MB, not {textfile.stat().st_size // 10**6}"
        )
    try:
        return textfile.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise AddinError(f"TEXTFILE must be text in UTF-8: {textfile}") from None


def _check_memory(needed: int) -> None:
    """Raises AddinError if this machine is known to have too little memory."""
    from addin.memory import memory_of_machine

    memory = memory_of_machine()
    if memory is not None and needed > _SHARE_OF_MEMORY * memory:
        raise AddinError(
            f"training needs {needed / 1e9:.1f} GB of memory, and this machine has {memory / 1e9:.1f} GB: "
            "train fewer tensors (--only h.11), or a smaller model"
        )


def _save(model: Model, folder: Path) -> None:
    """Writes the checkpoint beside its place, and moves it there when it is whole."""
    import os
    import shutil
    import tempfile

    import numpy as np
    from safetensors.numpy import save_file

    from udfs.backend import catalogue
    from udfs.backend.gpt2.checkpoint import WEIGHTS_FILE

    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for path in catalogue.files_beside_weights(model.name):
            shutil.copyfile(path, draft / path.name)
        tensors = {name: np.ascontiguousarray(tensor, np.float32) for name, tensor in model.tensors.items()}
        save_file(tensors, draft / WEIGHTS_FILE, metadata={"format": "pt"})
        draft.chmod(0o755)
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
