"""Template workbooks: checks the arguments of a template, builds it for a host, and opens it for recalculation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter

from addin.errors import AddinError, MissingError
from addin.headless import Workbook
from udfs.backend import catalogue, model_text
from udfs.backend.errors import ModelError, did_you_mean
from udfs.backend.gpt2.tokenizer import GPT2
from workbook_templates import OWN_MODEL, TEMPLATES, WRITES_BLOCKS, build
from workbook_templates.formula import dialect_of
from workbook_templates.number_rows import Progress
from workbook_templates.pure.contents import Bits, usual_tokens


def open_template(
    name: str,
    host: str,
    *,
    prompt: str | None = None,
    model: str | None = None,
    tokens: int | None = None,
    bits: Bits | None = None,
    finish: Callable[[xlsxwriter.Workbook], None] | None = None,
) -> tuple[Workbook, str]:
    """A new template workbook, not yet recalculated, and its usual file name. The arguments are `build_template`'s."""
    write, usual_name = build_template(name, host, prompt=prompt, model=model, tokens=tokens, bits=bits, finish=finish)
    with TemporaryDirectory() as folder:
        built = Path(folder) / usual_name
        write(built)
        return Workbook.open(built), usual_name


def build_template(
    name: str,
    host: str,
    *,
    prompt: str | None = None,
    model: str | None = None,
    tokens: int | None = None,
    bits: Bits | None = None,
    finish: Callable[[xlsxwriter.Workbook], None] | None = None,
    progress: Progress = lambda done, total: None,
) -> tuple[Callable[[Path], None], str]:
    """A function that writes the template into a file, formulas without values, and the file's usual name.

    tokens: rows to reserve for tokens; by default the host's usual number, or more if the prompt is longer
    bits: how pure rounds the weights: to 8 or 16 bits, or "full"; by default only those of a large model, to 8 bits
    finish: receives XlsxWriter's workbook after all its sheets
    progress: receives how many of the weights in cells are written, and how many there are

    Raises AddinError if there is no such template, if it has its own model, or if the prompt is too long, and
    MissingError if the model is not here.
    """
    if name not in TEMPLATES:
        hint = did_you_mean(name, TEMPLATES)
        raise AddinError(f"TEMPLATE must be {' or '.join(TEMPLATES)}, not {name!r}{hint}")
    if model and name in OWN_MODEL:
        raise AddinError(f"--model must not be given: {name} has its own model, of a toy size")
    model = model or catalogue.default_name()  # the file names the model that computed its numbers
    check_model(model)
    _check_formulas(name, model)
    usual = dialect_of(host).usual_tokens
    if name == "pure":
        usual = usual_tokens(catalogue.load(model), usual)
    elif bits:
        raise AddinError(f"--bits must not be given: only pure has weights in cells, not {name}")
    rows = tokens or _rows_for(prompt or "", model, usual)

    def write(file: Path) -> None:
        try:
            build(
                name,
                file,
                tokens=rows,
                host=host,
                prompt=prompt,
                model=model,
                bits=bits,
                finish=finish,
                progress=progress,
            )
        except ValueError as error:
            raise AddinError(str(error)) from None

    return write, TEMPLATES[name]


def check_model(text: str) -> None:
    """Raises MissingError if the model that a model text names is not on this machine, ModelError for a wrong text."""
    name = model_text.parse(text).name or catalogue.default_name()
    try:
        catalogue.find(name)
    except ModelError as error:
        raise MissingError(str(error)) from None
    catalogue.load(text)


def _check_formulas(name: str, model: str) -> None:
    """Raises AddinError if a template writes formulas or tokens of GPT-2 that this model does not share."""
    if name not in WRITES_BLOCKS:
        return
    loaded = catalogue.load(model)
    if not loaded.config.is_gpt2:
        raise AddinError(
            f"{name} writes GPT-2's formulas into cells, and {loaded.name} has others, in its activation, "
            "attention scale or unembedding; mri, surgery and generation work with it"
        )
    if name == "pure" and loaded.tokenizer is not GPT2:
        raise AddinError(f"pure holds GPT-2's vocabulary, and {loaded.name} has another; the other templates work")


def _rows_for(prompt: str, model: str, usual: int) -> int:
    """One row for each token of the prompt, at least the usual number. Raises AddinError if the prompt is too long."""
    loaded = catalogue.load(model)
    tokens = len(loaded.tokenizer.encode(prompt)) + loaded.bos
    if tokens > loaded.config.n_ctx:
        raise AddinError(f"prompt must have at most {loaded.config.n_ctx} tokens for {loaded.name}, not {tokens}")
    return max(tokens, usual)
