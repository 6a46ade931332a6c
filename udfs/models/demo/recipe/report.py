"""`python -m udfs.models.demo.recipe.report --corpus FOLDER --model FOLDER`: writes the model's `report.md`.

Beside it goes `calibration.svg`, the figure in the report.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from udfs.models.demo.recipe import calibration, evaluate, sources
from udfs.models.demo.recipe.calibration import Bin
from udfs.models.demo.recipe.evaluate import Answer, PronounHead, Reply, Scores
from udfs.models.demo.recipe.held_out import ALL_REFERENCES, PROMPTS, ROUGH_PROMPTS

STORY: Final = "Once upon a time"
_CERTAIN: Final = 0.99


@dataclass(frozen=True)
class Findings:
    """Everything that the report shows.

    scores: of the held-out documents of each source
    """

    answers: Sequence[Answer]
    rough: Sequence[Answer]
    replies: Sequence[Reply]
    head: PronounHead
    scores: Mapping[str, Scores]
    stories: Sequence[str]

    @property
    def bins(self) -> list[Bin]:
        """The calibration over all held-out documents."""
        confidences = np.concatenate([part.confidences for part in self.scores.values()])
        return calibration.bins(confidences, np.concatenate([part.hits for part in self.scores.values()]))


def find(folder: Path, texts: Mapping[str, sources.Texts]) -> Findings:
    """Runs the model in the folder on everything."""
    model = evaluate.load(folder)
    return Findings(
        evaluate.answers(model, PROMPTS),
        evaluate.answers(model, ROUGH_PROMPTS),
        evaluate.replies(model),
        evaluate.pronoun_head(model),
        {name: evaluate.scores(model, part.held_out) for name, part in texts.items() if part.held_out},
        evaluate.continuations(model, STORY, n=20, temperature=0.8, length=100),
    )


def markdown(found: Findings) -> str:
    """The whole report."""
    parts = (
        _summary(found),
        _perplexities(found.scores),
        _replies(found.replies),
        _calibration(found.bins),
        "## Held-out prompts of the grammar\n\n" + _answers(found.answers),
        "## The same questions as visitors type them, and negations\n\n" + _answers(found.rough),
        _head(found.head),
        _stories(found.stories),
    )
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _summary(found: Findings) -> str:
    certain = sum(reply.guesses[0].probability > _CERTAIN for reply in found.replies)
    rows = [
        ("held-out prompts of the grammar answered as expected", f"{_right(found.answers)} of {len(found.answers)}"),
        ("the same in lower case, without spaces, or negated", f"{_right(found.rough)} of {len(found.rough)}"),
        ("visitors' prompts that go on sensibly", f"{_sensible(found.replies)} of {len(found.replies)}"),
        ("visitors' prompts answered with more than 99 %", f"{certain} of {len(found.replies)}"),
        *((f"perplexity, {name}", f"{found.scores[name].perplexity:.1f}") for name in ("tatoeba", "tinystories")),
        ("expected calibration error", f"{calibration.expected_error(found.bins):.3f}"),
        ("head that looks from a pronoun to its name", f"layer {found.head.layer}, head {found.head.head}"),
    ]
    return (
        "# The demo model on texts that it never saw\n\n"
        "Made by `python -m udfs.models.demo.recipe.report` from the written files, over all 50,257 tokens. An answer "
        "is right if the expected token is the most likely one and has a probability above 0.5. Layers and heads count "
        f"from 0.\n\n{table(('', 'result'), rows)}"
    )


def _right(answers: Sequence[Answer]) -> int:
    return sum(answer.right for answer in answers)


def _sensible(replies: Sequence[Reply]) -> int:
    return sum(reply.sensible for reply in replies)


def _perplexities(scores: Mapping[str, Scores]) -> str:
    rows = (
        (name, len(part.losses), f"{part.perplexity:.1f}", f"{part.hits.mean():.2f}") for name, part in scores.items()
    )
    return (
        "## Perplexity on held-out text\n\n"
        "2 % of each source's documents were kept out of training. Each is read by itself, at most 256 tokens of it. "
        "Its first token is not counted.\n\n" + table(("source", "tokens", "perplexity", "top token right"), rows)
    )


def _replies(replies: Sequence[Reply]) -> str:
    rows = (
        (
            f"`{reply.visitor.prompt}`",
            ", ".join(f"`{guess.token}` {guess.probability:.2f}" for guess in reply.guesses),
            "" if reply.sensible else "not sensible",
        )
        for reply in replies
    )
    return (
        "## Visitors' prompts\n\n"
        f"{_sensible(replies)} of {len(replies)} go on sensibly: the most likely token is in a set that was written "
        "down before training (`recipe/visitors.py`).\n\n" + table(("prompt", "five most likely tokens", ""), rows)
    )


def _calibration(bins: list[Bin]) -> str:
    rows = (
        (
            f"{number / len(bins):.1f} to {(number + 1) / len(bins):.1f}",
            part.n,
            f"{part.confidence:.3f}",
            f"{part.accuracy:.3f}",
        )
        for number, part in enumerate(bins)
    )
    return (
        "## Calibration\n\n"
        f"Over all held-out text the expected calibration error of the top token is "
        f"{calibration.expected_error(bins):.3f}. On the dashed line the model would be right exactly as often as it "
        "says.\n\n![Reliability diagram](calibration.svg)\n\n"
        + table(("probability of the top token", "tokens", "its mean", "how often it is right"), rows)
    )


def _answers(answers: Sequence[Answer]) -> str:
    rows = (
        (
            answer.asked.topic,
            f"`{answer.asked.prompt}`",
            f"`{answer.asked.answer}`",
            f"`{answer.best.token}`",
            f"{answer.best.probability:.3f}",
            "" if answer.right else "wrong",
        )
        for answer in answers
    )
    return table(("topic", "prompt", "expected", "predicted", "probability", ""), rows)


def _head(head: PronounHead) -> str:
    rows = (
        (f"`{item.prompt}`", f"`{item.name}`", f"{weight:.3f}")
        for item, weight in zip(ALL_REFERENCES, head.weights, strict=True)
    )
    return (
        "## The head that links a pronoun to its name\n\n"
        f"Head {head.head} of layer {head.layer} looks from the pronoun at the end to the name that the pronoun stands "
        "for:\n\n" + table(("prompt", "name", "attention"), rows)
    )


def _stories(stories: Sequence[str]) -> str:
    blocks = "\n\n".join(f"{number}. {' '.join(story.split())}" for number, story in enumerate(stories, 1))
    return (
        f"## Twenty stories\n\n`{STORY}` at temperature 0.8, seeds 0 to 19, as they come, up to 100 tokens.\n\n{blocks}"
    )


def main() -> None:
    """Writes the report and its figure."""
    parser = argparse.ArgumentParser(prog="python -m udfs.models.demo.recipe.report", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the texts, see the README")
    parser.add_argument("--model", type=Path, default=Path("demo"), help="folder of the model; the report goes there")
    arguments = parser.parse_args()
    found = find(arguments.model, sources.read(arguments.corpus))
    text = markdown(found)
    (arguments.model / "calibration.svg").write_text(calibration.svg(found.bins), encoding="utf-8")
    (arguments.model / "report.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
