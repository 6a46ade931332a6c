"""Beam search: follows the n most likely continuations at a time.

As in Hugging Face's `transformers` (`GenerationMixin._beam_search` with `length_penalty` 1 and `early_stopping` False):
each of the n beams is continued with every token, and the 2 n most likely results are candidates. Candidates among the
first n that end the text become ended beams, ranked by log-probability per token. The first n others go on. The search
is over once no beam that goes on has a better score than the n ended ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from udfs.backend.generate.decoding import check_length
from udfs.backend.generate.reader import Reader
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import Probabilities, log_softmax, top
from udfs.backend.result_cache import Cache

_kept = Cache()

Fate: TypeAlias = Literal["goes on", "ended", "dropped"]


class Candidate(NamedTuple):
    """A beam with one more token.

    `parent` is the number of the beam that it continues. `token_log_probability` is that of the new token,
    `log_probability` that of all tokens together, in nats.
    """

    tokens: tuple[int, ...]
    parent: int
    token_log_probability: float
    log_probability: float
    fate: Fate

    @property
    def score(self) -> float:
        """Log-probability per token, by which ended beams are ranked."""
        return self.log_probability / len(self.tokens)


class Step(NamedTuple):
    """One step of the search: all candidates, the most likely first, and the best ended beams so far."""

    candidates: list[Candidate]
    ended: list[Candidate]


def beams(prompt: Sequence[int], n_tokens: int, n_beams: int, model: Model, stop: int | None = None) -> list[Candidate]:
    """The best continuations, at most `n_beams`, the best first. Raises ModelError as `search` does."""
    return search(prompt, n_tokens, n_beams, model, stop)[-1].ended


def search(prompt: Sequence[int], n_tokens: int, n_beams: int, model: Model, stop: int | None = None) -> list[Step]:
    """The steps of beam search. A text ends with the token `stop` (`<|endoftext|>` by default), or after `n_tokens`.

    They are kept, because a workbook shows both the steps and the best beams.

    Raises ModelError if prompt and continuation together are longer than the model's context.
    """
    check_length(len(prompt), n_tokens, model)
    if stop is None:
        stop = model.tokenizer.end_of_text
    key = (tuple(prompt), n_tokens, n_beams, stop, model.fingerprint)
    steps: list[Step] = _kept.get(key, lambda: list(_steps(prompt, n_tokens, n_beams, model, stop)))
    return steps


def _steps(prompt: Sequence[int], n_tokens: int, n_beams: int, model: Model, stop: int | None) -> Iterator[Step]:
    reader = Reader(prompt, model).beams()
    going = [Candidate((), 0, 0.0, 0.0, "goes on")]
    ended: list[Candidate] = []
    logs = log_softmax(reader.next_logits())  # [n_beams, n_vocab]
    for length in range(1, n_tokens + 1):
        candidates = _candidates(going, logs, n_beams, stop, is_last=length == n_tokens)
        just_ended = [candidate for candidate in candidates if candidate.fate == "ended"]
        ended = sorted([*ended, *just_ended], key=lambda beam: -beam.score)[:n_beams]
        yield Step(candidates, ended)
        going = [candidate for candidate in candidates if candidate.fate == "goes on"]
        if not going or (len(ended) == n_beams and going[0].score <= ended[-1].score):
            return
        new = reader.read([beam.parent for beam in going], [beam.tokens[-1] for beam in going])
        logs = log_softmax(new)


def _candidates(
    going: Sequence[Candidate], logs: Probabilities, n_beams: int, stop: int | None, is_last: bool
) -> list[Candidate]:
    """The 2 n most likely continuations and their fates."""
    totals = logs + [[beam.log_probability] for beam in going]  # [n_going, n_vocab]
    n_vocab = totals.shape[1]
    found: list[Candidate] = []
    n_going = 0
    for place in top(totals.ravel(), 2 * n_beams).tolist():
        parent, token = divmod(place, n_vocab)
        fate: Fate = "dropped"
        if is_last or token == stop:
            fate = "ended" if len(found) < n_beams else "dropped"
        elif n_going < n_beams:
            fate = "goes on"
            n_going += 1
        tokens = (*going[parent].tokens, token)
        found.append(Candidate(tokens, parent, float(logs[parent, token]), float(totals[parent, token]), fate))
    return found
