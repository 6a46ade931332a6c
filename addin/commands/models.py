"""`gpt2-excel models` lists the models on this machine; `gpt2-excel download` fetches another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from addin.errors import AddinError

if TYPE_CHECKING:
    from addin.hub import Check
    from udfs.backend.catalogue import Installed


@click.command()
def models() -> None:
    """List the models, on this machine and to download."""
    from addin.commands.console import columns, console
    from udfs.backend import catalogue

    out, here, default = console(), catalogue.installed(), catalogue.default_name()
    table = columns("model", "layers", "heads", "width", "size", "folder")
    for number in (1, 2, 3, 4):
        table.columns[number].justify = "right"
    for model in here:
        name = f"{model.name} (default)" if model.name == default else model.name
        table.add_row(name, *_facts(model), str(model.folder))
    out.print(table, soft_wrap=False)
    names = {model.name for model in here}
    if default not in names:
        out.print(f"\nThe default model, {default}, is not on this machine: GPT2_EXCEL_MODEL names it.")
    if catalogue.DEMO in names:
        out.print(f"\n{catalogue.DEMO} is {catalogue.DEMO_NOTE}.")
    if fetchable := [name for name in catalogue.HUB_NAMES if name not in names]:
        out.print("\nTo download another:")
        for name in fetchable:
            out.print(f"  gpt2-excel download {name}")


def _facts(model: Installed) -> tuple[str, str, str, str]:
    """Layers, heads, width and size on disk; question marks if the checkpoint cannot be opened."""
    from addin.commands.console import size
    from udfs.backend.errors import ModelError
    from udfs.backend.gpt2.checkpoint import open_checkpoint

    try:
        checkpoint = open_checkpoint(model.folder)
    except ModelError:
        return "?", "?", "?", "damaged"
    config = checkpoint.config
    return str(config.n_layer), str(config.n_head), str(config.n_embd), size(checkpoint.n_bytes)


@click.command()
@click.argument("name")
@click.argument("layer", required=False, type=click.IntRange(0, 11))
@click.option("--force", is_flag=True, help="Download it again even if it is on this machine.")
def download(name: str, layer: int | None, force: bool) -> None:
    """Download a model from the Hugging Face hub. Functions in cells never download.

    NAME is gpt2, gpt2-medium, gpt2-large, gpt2-xl, distilgpt2, or owner/repository of any GPT-2 checkpoint that has its
    weights in safetensors files. If a download is stopped, the same command resumes it.

    `sae LAYER` downloads the sparse autoencoder of gpt2's residual stream before that block (151 MB).
    """
    from addin import hub

    if (name == "sae") != (layer is not None):
        fault = "sae needs a LAYER, 0 to 11, as in gpt2-excel download sae 2"
        raise AddinError(fault if layer is None else f"only sae takes a LAYER, as in gpt2-excel download sae {layer}")
    wanted = _model(name) if layer is None else _autoencoder(layer)
    if wanted.here and not force:
        click.echo(f"{wanted.title} is already on this machine: {wanted.here}")
    else:
        hub.install(wanted.repository, wanted.files, wanted.folder)
        click.echo(f"{wanted.title} is now on this machine: {wanted.folder}")
    click.echo(f"Try {wanted.example}")


class _Wanted(NamedTuple):
    """What to download into which folder. `here`: a complete copy on this machine, if there is one."""

    title: str
    repository: str
    files: Mapping[str, Check]
    folder: Path
    here: Path | None
    example: str


def _model(name: str) -> _Wanted:
    from udfs.backend import catalogue
    from udfs.backend.errors import ModelError
    from udfs.backend.gpt2.checkpoint import CONFIG_FILE, open_checkpoint
    from udfs.backend.gpt2.config import read_config

    repository, name = _resolve(name)
    try:
        here = catalogue.find(name)
        open_checkpoint(here)
    except ModelError:
        here = None
    files: dict[str, Check] = {CONFIG_FILE: lambda folder: read_config(folder / CONFIG_FILE)}
    files |= _usual_files() if name in catalogue.HUB_NAMES else _files_of(repository)
    example = f'gpt2-excel run --model {name} --prompt "If today is Tuesday, tomorrow is"'
    return _Wanted(name, repository, files, catalogue.models_folder() / name, here, example)


def _usual_files() -> dict[str, Check]:
    """What the published GPT-2s have besides their config."""
    from udfs.backend.gpt2.checkpoint import WEIGHTS_FILE, open_checkpoint

    return {WEIGHTS_FILE: open_checkpoint}


def _files_of(repository: str) -> dict[str, Check]:
    """What another repository has besides its config: its own tokenizer, and its weights, which may be in pieces."""
    from addin import hub
    from udfs.backend.gpt2 import vocabulary
    from udfs.backend.gpt2.checkpoint import HALF_PRECISION_FILE, INDEX_FILE, WEIGHTS_FILE, open_checkpoint

    settings = [vocabulary.SETTINGS_FILE, vocabulary.VOCABULARY_FILE, vocabulary.MERGES_FILE]
    files: dict[str, Check] = dict.fromkeys(hub.present(repository, settings), lambda folder: None)
    files |= dict.fromkeys(hub.present(repository, [vocabulary.TOKENIZER_FILE]), vocabulary.read_own)
    weights = hub.present(repository, [WEIGHTS_FILE, INDEX_FILE, HALF_PRECISION_FILE])
    first = weights[0] if weights else WEIGHTS_FILE
    return {**files, first: _pieces if first == INDEX_FILE else open_checkpoint}


def _pieces(folder: Path) -> dict[str, Check]:
    """The files that an index lists. The model is opened when the last of them has arrived."""
    from udfs.backend.gpt2.checkpoint import open_checkpoint, weights_files

    *others, last = (path.name for path in weights_files(folder))
    return {**dict.fromkeys(others, lambda arriving: None), last: open_checkpoint}


def _resolve(name: str) -> tuple[str, str]:
    """The repository on the hub, and the model's name on this machine: `owner/repo` becomes `owner--repo`."""
    from udfs.backend.catalogue import HUB_NAMES

    if name in HUB_NAMES:
        return HUB_NAMES[name], name
    for known, repository in HUB_NAMES.items():
        if name == repository:
            return repository, known
    if name.count("/") != 1:
        raise AddinError(f"NAME must be {', '.join(HUB_NAMES)} or owner/repository, not {name!r}")
    return name, name.replace("/", "--")


def _autoencoder(layer: int) -> _Wanted:
    from udfs.backend.errors import ModelError
    from udfs.backend.interpret import sae

    here = sae.installed(sae.HUB_MODEL).get(layer)
    try:
        if here:
            sae.open_autoencoder(here)
    except ModelError:
        here = None
    folder = sae.own_folder(sae.HUB_MODEL) / f"blocks.{layer}.hook_resid_pre"
    files = {
        f"{folder.name}/{sae.CONFIG_FILE}": lambda arriving: None,
        f"{folder.name}/{sae.WEIGHTS_FILE}": sae.open_autoencoder,
    }
    title = f"the sparse autoencoder before block {layer} of {sae.HUB_MODEL}"
    example = f'in a cell: =GPT2_SAE_FEATURE({layer}, 0, "{sae.HUB_MODEL}")'
    return _Wanted(title, sae.HUB_REPOSITORY, files, folder, here, example)
