"""The models on this machine, and how to load one by its model text. Nothing here downloads.

A name is looked up among the bundled models, in the models folder (`GPT2_EXCEL_MODELS`, else in the system's data
folder), and, for the names in `HUB_NAMES`, in Hugging Face's cache.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial, reduce
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from udfs.backend.errors import ModelError, did_you_mean, quoted
from udfs.backend.fast.linears import Linears
from udfs.backend.fast.tile_files import TileFiles
from udfs.backend.folders import how_to_get, snapshots
from udfs.backend.folders import models_folder as models_folder
from udfs.backend.gpt2.checkpoint import CONFIG_FILE, WEIGHTS_FILE, Checkpoint, open_checkpoint, weights_or_index
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import Tokenizer, tokenizer_of
from udfs.backend.gpt2.vocabulary import MERGES_FILE, SETTINGS_FILE, TOKENIZER_FILE, VOCABULARY_FILE
from udfs.backend.interpret import sae
from udfs.backend.interpret.edits import operate
from udfs.backend.model_text import ModelText, parse
from udfs.backend.stamps import Stamp, size_and_time

DEMO = "demo"
DEMO_NOTE = "a small teaching model with GPT-2's architecture, not GPT-2"
HUB_NAMES = {
    "gpt2": "openai-community/gpt2",
    "gpt2-medium": "openai-community/gpt2-medium",
    "gpt2-large": "openai-community/gpt2-large",
    "gpt2-xl": "openai-community/gpt2-xl",
    "distilgpt2": "distilbert/distilgpt2",
}
_LONGEST_NAME = 100  # characters
_SUFFIXES = (".json", ".safetensors", ".txt")  # of the files that a model is read from
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack")
_COPIED = (CONFIG_FILE, TOKENIZER_FILE, VOCABULARY_FILE, MERGES_FILE, SETTINGS_FILE)
_LOCK = Lock()
_BUNDLED = Path(__file__).parents[1] / "models" / DEMO


class Installed(NamedTuple):
    """A model that is on this machine."""

    name: str
    folder: Path


def installed() -> list[Installed]:
    """Every model on this machine, the bundled one first."""
    own = models_folder()
    names = sorted(path.name for path in own.iterdir() if _is_model(path)) if own.is_dir() else []
    cached = [name for name in HUB_NAMES if name not in names]
    folders = {name: _folder(name) for name in [DEMO, *names, *cached]}
    return [Installed(name, folder) for name, folder in folders.items() if folder]


def default_name() -> str:
    """The model that a blank name means: `GPT2_EXCEL_MODEL`, else gpt2 if it is on this machine, else demo."""
    return os.environ.get("GPT2_EXCEL_MODEL") or ("gpt2" if _folder("gpt2") else DEMO)


def find(name: str) -> Path:
    """The folder of a model. Raises ModelError if it is not on this machine. Never leaves the folders named above."""
    if folder := _folder(name):
        return folder
    if _is_name(name) and (lacking := _lacking(models_folder() / name)):
        raise ModelError(lacking)
    names = [model.name for model in installed()]
    here = ", ".join(names)
    if name in HUB_NAMES:
        hint = f"; {how_to_get(name, models_folder() / name, (CONFIG_FILE, WEIGHTS_FILE))}"
    else:
        hint = did_you_mean(name, (*names, *HUB_NAMES))
    raise ModelError(f"model must be one on this machine ({here}), not {quoted(name)}{hint}")


def new_folder(name: str) -> Path:
    """The folder for a new model of that name. Raises ModelError if the name cannot be used, or is in use."""
    if not _is_name(name) or name.strip() != name or ";" in name or name.startswith("."):
        raise ModelError(f"name must be a plain name such as mine, not {quoted(name)}")
    if name in (DEMO, "sae", *HUB_NAMES) or os.path.lexists(models_folder() / name):
        raise ModelError(f"name must be one that no model has, not {quoted(name)}")
    return models_folder() / name


def files_beside_weights(name: str) -> list[Path]:
    """The files of a model that are not weights: its config.json, and its tokenizer if it has its own."""
    return [path for path in sorted(find(name).iterdir()) if path.is_file() and path.name in _COPIED]


def load(text: str) -> Model:
    """The model that a model text names, with its operations applied.

    Raises ModelError if the text cannot be read, the model is not on this machine, or an operation does not fit it.
    """
    parsed = parse(text)
    named = replace(parsed, name=parsed.name or default_name())
    folder = find(named.name)
    open_ = _open_in_float64 if named.float64 else _open
    with _LOCK:  # two threads that open a checkpoint at once would hold it twice
        models = open_(folder, _stamp(folder))
    return models(named, sae.stamp(named.name) if "sae(" in text else ())


def _folder(name: str) -> Path | None:
    if name == DEMO:
        return _BUNDLED
    if not _is_name(name):
        return None
    own = models_folder() / name
    if _is_model(own):
        return own
    return _in_hub_cache(HUB_NAMES[name]) if name in HUB_NAMES else None


def _in_hub_cache(repository: str) -> Path | None:
    """The newest snapshot in Hugging Face's cache that is complete."""
    names = {repository, repository.split("/")[1]}  # both spellings of these repositories are in use
    complete = [path for name in names for path in snapshots(name) if _is_model(path)]
    return max(complete, key=lambda path: path.stat().st_mtime, default=None)


def _is_name(text: str) -> bool:
    """Whether a text can be the name of a model: never a path, and short enough for every file system."""
    is_path = text.strip(".") == "" or not set("/\\:").isdisjoint(text)
    return len(text) <= _LONGEST_NAME and text.isprintable() and not is_path


def _is_model(folder: Path) -> bool:
    return os.path.isfile(folder / CONFIG_FILE) and weights_or_index(folder) is not None


def _lacking(folder: Path) -> str:
    """What a folder with a checkpoint lacks to be a model, and how to get it. Blank for any other folder."""
    pickled = next((name for name in _PICKLED if os.path.isfile(folder / name)), None)
    if not pickled or weights_or_index(folder):
        return ""
    convert = f"m = GPT2LMHeadModel.from_pretrained({str(folder)!r}); m.save_pretrained({str(folder)!r})"
    return (
        f"model {folder.name} has no {WEIGHTS_FILE}, and its {pickled} is not opened, because that may run code: "
        f"gpt2-excel download OWNER/REPOSITORY fetches a {WEIGHTS_FILE} if the repository has one; where torch and "
        f'transformers are installed, python -c "from transformers import GPT2LMHeadModel; {convert}" converts it'
    )


def _stamp(folder: Path) -> Stamp:
    """A value that changes when a model's files change."""
    found = [(entry.name, entry.stat()) for entry in os.scandir(folder) if entry.name.endswith(_SUFFIXES)]
    return tuple(sorted((name, *size_and_time(stat)) for name, stat in found))


@lru_cache(maxsize=4)
def _open(folder: Path, stamp: Stamp) -> Callable[[ModelText, Stamp], Model]:
    return _models_of(folder, stamp, open_checkpoint(folder), TileFiles(folder, stamp))


@lru_cache(maxsize=2)  # twice as large
def _open_in_float64(folder: Path, stamp: Stamp) -> Callable[[ModelText, Stamp], Model]:
    checkpoint = open_checkpoint(folder)
    return _models_of(folder, stamp, replace(checkpoint, tensors=checkpoint.tensors.in_float64()))


def _models_of(
    folder: Path, stamp: Stamp, checkpoint: Checkpoint, files: TileFiles | None = None
) -> Callable[[ModelText, Stamp], Model]:
    """The models made from one checkpoint. They share its arrays, so they are kept, and forgotten, with it."""
    linears, tokenizer = Linears(checkpoint.tensors, files), tokenizer_of(folder, checkpoint.config)
    return lru_cache(maxsize=16)(partial(_model, checkpoint, linears, tokenizer, ((str(folder), 0, 0), *stamp)))


def _model(
    checkpoint: Checkpoint, linears: Linears, tokenizer: Tokenizer, source: Stamp, text: ModelText, saes: Stamp
) -> Model:
    original = Model(
        str(replace(text, operations=())),
        text.name,
        checkpoint.config,
        checkpoint.tensors,
        linears,
        text.bos,
        source=source,
        saes=saes,
        centred=text.centred,
        tokenizer=tokenizer,
    )
    return reduce(operate, text.operations, original)
