"""`gpt2-excel models`: which models are on this machine, and which could be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from udfs.backend.catalogue import Installed


@click.command()
def models() -> None:
    """List the models on this machine and those that can be fetched."""
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
        out.print(f"\nThe default, {default}, is not on this machine: GPT2_EXCEL_MODEL names it.")
    if catalogue.DEMO in names:
        out.print(f"\n{catalogue.DEMO} is {catalogue.DEMO_NOTE}.")
    if fetchable := [name for name in catalogue.HUB_NAMES if name not in names]:
        out.print("\nTo fetch another:")
        for name in fetchable:
            out.print(f"  gpt2-excel download {name}")


def _facts(model: Installed) -> tuple[str, str, str, str]:
    """Layers, heads, width and size on disk; question marks for a checkpoint that cannot be opened."""
    from addin.commands.console import size
    from udfs.backend.errors import ModelError
    from udfs.backend.gpt2.checkpoint import open_checkpoint

    try:
        checkpoint = open_checkpoint(model.folder)
    except ModelError:
        return "?", "?", "?", "damaged"
    config = checkpoint.config
    return str(config.n_layer), str(config.n_head), str(config.n_embd), size(checkpoint.path.stat().st_size)
