"""The workbook that `gpt2-excel run` recalculates: a template or a file, with the user's values typed in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from addin.commands.host_file import HostFile
from addin.commands.output_file import MACROS, SUFFIX
from addin.errors import AddinError
from addin.headless import Cell, Workbook, WorkbookError
from addin.templates import check_model, open_template
from udfs.backend.errors import did_you_mean
from workbook_templates import TEMPLATES

_EDIT = re.compile(r"((?:'(?:[^']|'')*'!)?[^=]+)=(.*)", re.S)  # a quoted sheet name may contain =
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Edit(NamedTuple):
    """A cell or a defined name, and its new value; None clears the cell."""

    cell: str
    value: Cell


def parse_edit(text: str) -> Edit:
    """Parses `Weights!B6=0.5`. Raises AddinError if it names no cell."""
    match = _EDIT.fullmatch(text)
    if not match or not match[1].strip():
        raise AddinError(f'--set must be like "Sheet!B7=value" or name=value, not {text!r}')
    return Edit(match[1].strip(), parse_value(match[2]))


def parse_value(text: str) -> Cell:
    """Reads typed text as a spreadsheet does: a number, TRUE or FALSE, nothing, or else text."""
    if not text:
        return None
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    return float(text) if _NUMBER.fullmatch(text.strip()) else text


def address_of(workbook: Workbook, edit: Edit) -> str:
    """The address of the edited cell, with its tab. Raises AddinError if the workbook has no such cell."""
    try:
        return workbook.address(edit.cell)
    except WorkbookError as error:
        raise AddinError(f"--set {edit.cell}: {error}") from None


def make_edit(workbook: Workbook, edit: Edit) -> None:
    """Types a value into its cell. Raises AddinError if the workbook has no such cell."""
    try:
        workbook.set(edit.cell, edit.value)
    except WorkbookError as error:
        raise AddinError(f"--set {edit.cell}: {error}") from None


def open_source(
    source: str, result: HostFile, *, prompt: str | None, model: str | None, tokens: int | None
) -> tuple[Workbook, str]:
    """Opens a template or a file and types in the prompt and the model. Also gives the usual name of the result."""
    path = Path(source)
    if source in TEMPLATES:
        workbook, name = open_template(
            source, result.host, prompt=prompt, model=model, tokens=tokens, finish=result.finish
        )
        return workbook, str(Path(name).with_suffix(result.suffix))
    if not path.is_file():
        is_file_name = path.suffix or path.name != source
        templates = " or ".join(TEMPLATES)
        hint = did_you_mean(source, TEMPLATES)
        fault = f"there is no file {source}" if is_file_name else f"must be {templates} or a file, not {source!r}{hint}"
        raise AddinError(f"TEMPLATE_OR_FILE: {fault}")
    if path.suffix.lower() not in (SUFFIX, MACROS):
        raise AddinError(f"TEMPLATE_OR_FILE: a file must end in {SUFFIX} or {MACROS}, and {path.name} does not")
    if tokens is not None:
        raise AddinError("--tokens works only with a template: the rows of an existing file cannot change")
    workbook = Workbook.open(path)
    _type_in(workbook, prompt, model)
    return workbook, path.with_suffix(path.suffix.lower()).name


def check_model_of(workbook: Workbook) -> None:
    """Checks the model that a workbook names, so that one line reports a missing model and not every cell."""
    try:
        name = workbook.get("model_name")
    except WorkbookError:
        return
    if not str(name).startswith("#"):
        check_model("" if name is None else str(name))


def _type_in(workbook: Workbook, prompt: str | None, model: str | None) -> None:
    """Types the prompt and the model into the cells with these names."""
    for option, name, text in (("--model", "model_name", model), ("--prompt", "prompt", prompt)):
        if text is None:
            continue
        try:
            workbook.get(name)
        except WorkbookError:
            raise AddinError(f"{option}: the workbook has no cell named {name}; use --set Sheet!B7=...") from None
        workbook.set(name, text)
