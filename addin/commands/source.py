"""Which workbook a command works on, and with which model: what cannot be is said before any work is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from addin.commands.output_file import MACROS, SUFFIX
from addin.commands.problems import Missing, Problem
from addin.headless import Workbook, WorkbookError
from udfs.backend import catalogue, model_text
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.tokenizer import encode
from workbook_templates import TEMPLATES, build
from workbook_templates.formula import dialect_of


def open_template(
    name: str,
    host: str,
    *,
    prompt: str | None = None,
    model: str | None = None,
    tokens: int | None = None,
) -> tuple[Workbook, str]:
    """A template for a host, with that prompt and model and a row for each token; and the usual name of its file."""
    write, usual_name = build_template(name, host, prompt=prompt, model=model, tokens=tokens)
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
) -> tuple[Callable[[Path], None], str]:
    """What writes such a template, formulas without values, into a file; and the usual name of its file."""
    if name not in TEMPLATES:
        raise Problem(f"TEMPLATE must be {_templates()}, not {name!r}")
    model = model or catalogue.default_name()  # named in the file, so that it says what made its numbers
    check_model(model)
    rows = tokens or _rows_for(prompt or "", model, dialect_of(host).usual_tokens)

    def write(file: Path) -> None:
        try:
            build(name, file, tokens=rows, host=host, prompt=prompt, model=model)
        except ValueError as error:
            raise Problem(str(error)) from None

    return write, TEMPLATES[name]


def open_source(source: str, *, prompt: str | None, model: str | None, tokens: int | None) -> tuple[Workbook, str]:
    """A template or a file, that prompt and model typed in; and the usual name of the file to make of it."""
    path = Path(source)
    if source in TEMPLATES:
        return open_template(source, "headless", prompt=prompt, model=model, tokens=tokens)
    if not path.is_file():
        is_file_name = path.suffix or path.name != source
        fault = f"there is no file {source}" if is_file_name else f"must be {_templates()} or a file, not {source!r}"
        raise Problem(f"TEMPLATE_OR_FILE: {fault}")
    if path.suffix.lower() not in (SUFFIX, MACROS):
        raise Problem(f"TEMPLATE_OR_FILE: a file must end in {SUFFIX} or {MACROS}, and {path.name} does not")
    if tokens is not None:
        raise Problem("--tokens is for a template: the rows of a file are as they are")
    workbook = Workbook.open(path)
    _type_in(workbook, prompt, model)
    return workbook, path.with_suffix(path.suffix.lower()).name


def suffix_of(source: str) -> str:
    """How the file that is made of a template or a file ends: a file with macros keeps them."""
    return MACROS if source.lower().endswith(MACROS) else SUFFIX


def check_model_of(workbook: Workbook) -> None:
    """As `check_model` for the cell that names a workbook's model, so that not each of its cells has to say it."""
    try:
        name = workbook.get("model_name")
    except WorkbookError:
        return
    if not str(name).startswith("#"):
        check_model("" if name is None else str(name))


def check_model(text: str) -> None:
    """Missing where the model that a model text names is not on this machine; ModelError for a text that is none."""
    name = model_text.parse(text).name or catalogue.default_name()
    try:
        catalogue.find(name)
    except ModelError as error:
        raise Missing(str(error)) from None
    catalogue.load(text)


def _type_in(workbook: Workbook, prompt: str | None, model: str | None) -> None:
    """Types the prompt and the model into the cells that carry these names."""
    for option, name, text in (("--model", "model_name", model), ("--prompt", "prompt", prompt)):
        if text is None:
            continue
        try:
            workbook.get(name)
        except WorkbookError:
            raise Problem(f"{option}: the workbook has no cell named {name}; use --set Sheet!B7=...") from None
        workbook.set(name, text)


def _rows_for(prompt: str, model: str, usual: int) -> int:
    """A row for each token of the prompt, and no fewer than usual. Problem where the model cannot take so many."""
    loaded = catalogue.load(model)
    tokens = len(encode(prompt)) + loaded.bos
    if tokens > loaded.config.n_ctx:
        raise Problem(f"prompt must have at most {loaded.config.n_ctx} tokens for {loaded.name}, not {tokens}")
    return max(tokens, usual)


def _templates() -> str:
    return " or ".join(TEMPLATES)
