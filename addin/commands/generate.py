"""`gpt2-excel generate`: continues a text, token by token."""

from __future__ import annotations

import codecs
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from addin.commands import options

if TYPE_CHECKING:
    from udfs.backend.generate.decoding import Step
    from udfs.backend.gpt2.model import Model


class _Finite(click.FloatRange):
    """A number in a range. Refuses NaN, which passes click's comparisons."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not a number", param, ctx)
        return number


@click.command()
@click.option("--prompt", required=True, type=options.Characters(), metavar="TEXT", help="The text to continue.")
@options.model
@click.option(
    "--tokens", type=click.IntRange(1), default=50, show_default=True, metavar="N", help="The most tokens to generate."
)
@click.option(
    "--temperature",
    type=_Finite(0, 1000),
    default=0.0,
    show_default=True,
    metavar="T",
    help="0 always takes the likeliest token, 1 samples from the model's own probabilities, higher is more random.",
)
@click.option("--top-k", type=click.IntRange(0), default=0, metavar="K", help="Sample from the K likeliest tokens.")
@click.option(
    "--top-p",
    type=_Finite(0, 1),
    default=1.0,
    metavar="P",
    help="Sample from the fewest tokens whose probabilities reach P, after --top-k.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 999_999),
    default=0,
    show_default=True,
    help="The seed of the random numbers. The same seed gives the same text.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def generate(
    prompt: str,
    model: str | None,
    tokens: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int,
    as_json: bool,
) -> None:
    """Continue a text. Prints each token immediately, and ends before <|endoftext|>.

    Ctrl-C stops it and keeps what it has printed, with exit code 130. =GPT2_GENERATE in a cell gives the same text.

    \b
    gpt2-excel generate --prompt "Peter is"
    gpt2-excel generate --prompt "Peter is" --temperature 0.8 --top-p 0.95 --seed 3
    """
    from addin.templates import check_model
    from udfs import gpt2_caveat
    from udfs.backend import catalogue
    from udfs.backend.generate import decoding
    from udfs.backend.generate.sampling import Sampling, random_numbers
    from udfs.backend.gpt2.prompts import prompt_ids

    check_model(model or "")
    loaded = catalogue.load(model or "")
    ids = prompt_ids(prompt, loaded)
    decoding.check_length(len(ids), tokens, loaded)
    steps = decoding.steps(ids, tokens, loaded, Sampling(temperature, top_k, top_p), random_numbers(seed))
    made, stopped = _run(steps, tokens, loaded, None if as_json else prompt)
    if as_json:
        click.echo(_json(loaded, prompt, made, stopped))
    if caveat := gpt2_caveat(prompt, model or ""):
        click.echo(f"note    {caveat}", err=True)
    if stopped:
        raise KeyboardInterrupt(f"stopped after {len(made)} of {tokens} tokens")


def _run(steps: Iterator[Step], n_tokens: int, model: Model, prompt: str | None) -> tuple[list[int], bool]:
    """The tokens, and whether Ctrl-C stopped them. With a prompt, prints it and then each token immediately."""
    made: list[int] = []
    stopped = False
    screen = sys.stdout.isatty()
    write = _writer(escape=screen)
    if prompt is not None:
        write(prompt.encode())
    with _progress(n_tokens, wanted=prompt is None or not screen) as advance:
        try:
            for step in steps:
                made.append(step.token)
                if prompt is not None and step.token != model.tokenizer.end_of_text:
                    write(model.tokenizer.token_bytes(step.token))
                advance()
        except KeyboardInterrupt:
            stopped = True
    if prompt is not None:
        write(b"", final=True)
    return made, stopped


def _writer(escape: bool) -> Callable[..., None]:
    """A function that prints bytes as they come, in whole characters, and ends the line after the last.

    escape: print escapes instead of characters that a terminal would act on, except line ends and tabs
    """
    from addin.commands.console import visible

    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(data: bytes, final: bool = False) -> None:
        text = decoder.decode(data, final)
        click.echo(visible(text, keep="\n\t") if escape else text, nl=final)

    return write


@contextmanager
def _progress(n_tokens: int, wanted: bool) -> Iterator[Callable[[], None]]:
    """A progress bar on stderr if the text itself is not on the screen."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    bar = Progress("tokens", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True))
    with bar:
        task = bar.add_task("", total=n_tokens)
        yield lambda: bar.advance(task)


def _json(model: Model, prompt: str, made: list[int], stopped: bool) -> str:
    import json

    from udfs.backend.generate.decoding import without_end

    text = without_end(made, model)
    ended = "stopped" if stopped else "length" if text == made else "end of text"
    continuation = model.tokenizer.decode(text)
    result = {"model": model.text, "prompt": prompt, "continuation": continuation, "ids": text, "ended": ended}
    return json.dumps(result, indent=2)
