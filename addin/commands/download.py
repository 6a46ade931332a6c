"""`gpt2-excel download`: fetches a model, or a sparse autoencoder of gpt2, into the models folder."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("name")
@click.argument("layer", required=False, type=click.IntRange(0, 11))
@click.option("--force", is_flag=True, help="Fetch it again where it is on this machine already.")
def download(name: str, layer: int | None, force: bool) -> None:
    """Fetch a model from the Hugging Face hub, once; cells never download.

    NAME is gpt2, gpt2-medium, gpt2-large, gpt2-xl, distilgpt2, or owner/repository of any GPT-2 checkpoint that has a
    model.safetensors. A download that was stopped goes on where it stopped.

    `sae LAYER` fetches the sparse autoencoder of the stream that enters that block of gpt2 (151 MB).
    """
    from addin.commands.problems import Problem
    from udfs.backend import catalogue

    if name == "sae":
        _download_autoencoder(layer, force)
        return
    if layer is not None:
        raise Problem(f"LAYER goes with sae only, as in gpt2-excel download sae {layer}")
    repository, local_name = _resolve(name)
    if not force and (folder := _here(local_name)):
        click.echo(f"{local_name} is on this machine already: {folder}")
    else:
        folder = catalogue.models_folder() / local_name
        _install(repository, folder)
        click.echo(f"{local_name} is on this machine now: {folder}")
    click.echo(f'Try: gpt2-excel run --model {local_name} --prompt "If today is Tuesday, tomorrow is"')


def _download_autoencoder(layer: int | None, force: bool) -> None:
    from addin.commands.problems import Problem
    from udfs.backend.interpret import sae

    if layer is None:
        raise Problem("sae needs a LAYER, 0 to 11, as in gpt2-excel download sae 2")
    what = f"the sparse autoencoder before block {layer} of {sae.HUB_MODEL}"
    there = sae.installed(sae.HUB_MODEL).get(layer)
    if there and not force and not _autoencoder_fault(there):
        click.echo(f"{what} is on this machine already: {there}")
    else:
        folder = sae.own_folder(sae.HUB_MODEL) / f"blocks.{layer}.hook_resid_pre"
        _install_autoencoder(folder)
        click.echo(f"{what} is on this machine now: {folder}")
    click.echo(f'Try in a cell: =GPT2_SAE_FEATURE({layer}, 0, "{sae.HUB_MODEL}")')


def _install_autoencoder(folder: Path) -> None:
    """Fetches its two files beside its folder and moves them in when all is whole."""
    import shutil

    from addin.commands.hub import fetch, look_up
    from addin.commands.problems import Problem
    from udfs.backend.interpret.sae import CONFIG_FILE, HUB_REPOSITORY, WEIGHTS_FILE

    files = [look_up(HUB_REPOSITORY, f"{folder.name}/{name}") for name in (CONFIG_FILE, WEIGHTS_FILE)]
    arriving = folder.with_name(f"{folder.name}.incomplete")
    whole = arriving / folder.name  # the files' own folder in the repository
    whole.mkdir(parents=True, exist_ok=True)
    for file in files:
        fetch(HUB_REPOSITORY, file, arriving)
    fault = _autoencoder_fault(whole)
    if not fault:
        _put(whole, folder)
    shutil.rmtree(arriving)
    if fault:
        raise Problem(f"{folder.name} of {HUB_REPOSITORY} cannot be read here: {fault}")


def _autoencoder_fault(folder: Path) -> str | None:
    """Why an autoencoder cannot be opened."""
    from udfs.backend.errors import ModelError
    from udfs.backend.interpret.sae import open_autoencoder

    try:
        open_autoencoder(folder)
    except ModelError as error:
        return str(error)
    return None


def _resolve(name: str) -> tuple[str, str]:
    """The repository on the hub, and the name that the model has here: `owner/repo` becomes `owner--repo`."""
    from addin.commands.problems import Problem
    from udfs.backend.catalogue import HUB_NAMES

    if name in HUB_NAMES:
        return HUB_NAMES[name], name
    for known, repository in HUB_NAMES.items():
        if name == repository:
            return repository, known
    if name.count("/") != 1:
        raise Problem(f"NAME must be {', '.join(HUB_NAMES)} or owner/repository, not {name!r}")
    return name, name.replace("/", "--")


def _here(name: str) -> Path | None:
    """The folder of a model that is on this machine and whole."""
    from udfs.backend import catalogue
    from udfs.backend.errors import ModelError

    try:
        folder = catalogue.find(name)
    except ModelError:
        return None
    return None if _fault(folder) else folder


def _install(repository: str, folder: Path) -> None:
    """Fetches the files beside the model's folder and moves them in when all is whole and a GPT-2."""
    import shutil

    from addin.commands.hub import fetch, look_up
    from addin.commands.problems import Problem
    from udfs.backend.errors import ModelError
    from udfs.backend.gpt2.checkpoint import CONFIG_FILE, WEIGHTS_FILE
    from udfs.backend.gpt2.config import read_config

    config, weights = look_up(repository, CONFIG_FILE), look_up(repository, WEIGHTS_FILE)
    arriving = folder.with_name(f"{folder.name}.incomplete")
    arriving.mkdir(parents=True, exist_ok=True)
    try:
        read_config(fetch(repository, config, arriving))  # says at once that it is no GPT-2
    except ModelError:
        shutil.rmtree(arriving)
        raise
    fetch(repository, weights, arriving)
    if fault := _fault(arriving):
        shutil.rmtree(arriving)
        raise Problem(f"{repository} is not a GPT-2 that can be read here: {fault}")
    _put(arriving, folder)


def _put(whole: Path, folder: Path) -> None:
    """Moves what has come to its place. What was there goes only then, and stays where Windows has it in use."""
    import shutil

    old = folder.with_name(f"{folder.name}.incomplete-old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    whole.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def _fault(folder: Path) -> str | None:
    """Why a checkpoint cannot be opened. On return its files are closed again, as Windows asks to move them."""
    from udfs.backend.errors import ModelError
    from udfs.backend.gpt2.checkpoint import open_checkpoint

    try:
        open_checkpoint(folder)
    except ModelError as error:
        return str(error)
    return None
