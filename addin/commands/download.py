"""`gpt2-excel download`: fetches a model into the models folder."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Fetch it again where it is on this machine already.")
def download(name: str, force: bool) -> None:
    """Fetch a model from the Hugging Face hub, once; cells never download.

    NAME is gpt2, gpt2-medium, gpt2-large, gpt2-xl, distilgpt2, or owner/repository of any GPT-2 checkpoint that has a
    model.safetensors. A download that was stopped goes on where it stopped.
    """
    from udfs.backend import library

    repository, local_name = _resolve(name)
    if not force and (folder := _here(local_name)):
        click.echo(f"{local_name} is on this machine already: {folder}")
    else:
        folder = library.models_folder() / local_name
        _install(repository, folder)
        click.echo(f"{local_name} is on this machine now: {folder}")
    click.echo(f'Try: gpt2-excel run --model {local_name} --prompt "If today is Tuesday, tomorrow is"')


def _resolve(name: str) -> tuple[str, str]:
    """The repository on the hub, and the name that the model has here: `owner/repo` becomes `owner--repo`."""
    from addin.commands.problems import Problem
    from udfs.backend.library import HUB_NAMES

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
    from udfs.backend import library
    from udfs.backend.errors import ModelError

    try:
        folder = library.find(name)
    except ModelError:
        return None
    return None if _fault(folder) else folder


def _install(repository: str, folder: Path) -> None:
    """Fetches the files beside the model's folder and moves them in when all is whole and a GPT-2."""
    import shutil

    from addin.commands.hub import fetch, look_up
    from addin.commands.problems import Problem
    from udfs.backend.checkpoint import CONFIG_FILE, WEIGHTS_FILE
    from udfs.backend.config import read_config

    config, weights = look_up(repository, CONFIG_FILE), look_up(repository, WEIGHTS_FILE)
    arriving = folder.with_name(f"{folder.name}.incomplete")
    arriving.mkdir(parents=True, exist_ok=True)
    read_config(fetch(repository, config, arriving))  # says at once that it is no GPT-2
    fetch(repository, weights, arriving)
    if fault := _fault(arriving):
        shutil.rmtree(arriving)
        raise Problem(f"{repository} is not a GPT-2 that can be read here: {fault}")
    if folder.exists():
        shutil.rmtree(folder)
    arriving.replace(folder)


def _fault(folder: Path) -> str | None:
    """Why a checkpoint cannot be opened. On return its files are closed again, as Windows asks to move them."""
    from udfs.backend.checkpoint import open_checkpoint
    from udfs.backend.errors import ModelError

    try:
        open_checkpoint(folder)
    except ModelError as error:
        return str(error)
    return None
