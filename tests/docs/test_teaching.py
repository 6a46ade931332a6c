"""Every answer in `docs/teaching/answers.md` is what the workbooks say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.books import Books
from tests.docs.lesson import (
    HE,
    JEDI,
    SHE,
    Lesson,
    ablated,
    answer,
    caveat,
    feature,
    friday,
    lens,
    looked_at,
    parameters,
    pattern,
    sampled,
    token_id,
    tokens,
)
from udfs.models.demo.prompts import PULLS

DOCS = Path(__file__).parents[2] / "docs" / "teaching"
ITEM = re.compile(r"^(\d+)\. (.+?)(?=^\d+\. |\Z|^#)", re.M | re.S)

WORKSHEET: dict[int, Callable[[Lesson], list[str]]] = {
    1: lambda lesson: [tokens(lesson, "reinjury"), tokens(lesson, "funology")],
    2: lambda lesson: [count(lesson, "strawberry"), count(lesson, " strawberry")],
    3: lambda lesson: [token_id(lesson, "quick"), token_id(lesson, " quick")],
    4: lambda lesson: [answer(lesson, HE), answer(lesson, SHE)],
    5: lambda lesson: [looked_at(lesson, HE, " He")[0], looked_at(lesson, SHE, " She")[0]],
    6: lambda lesson: [f"{sum(row):.6g}" for row in pattern(lesson, SHE)[1][3:4]],
    7: lambda lesson: [f"{pattern(lesson, SHE)[1][0][4]:g}"],
    8: lambda lesson: [str(lens(lesson).index("Wednesday")), lens(lesson)[lens(lesson).index("Wednesday") - 1]],
    9: lambda lesson: [friday(lesson)],
    10: lambda lesson: [feature(lesson, PULLS, coefficient) for coefficient in (0, 100, 150, 400)],
    11: lambda lesson: [feature(lesson, JEDI, coefficient) for coefficient in (0, -200)],
    12: lambda lesson: [ablated(lesson)],
}


def count(lesson: Lesson, text: str) -> str:
    return str(len(tokens(lesson, text).split("|")))


def chosen(**right: bool) -> list[str]:
    """The letters of the choices that are right."""
    return [letter for letter, is_right in right.items() if is_right]


def letter(found: str, *choices: str) -> list[str]:
    """The letter of the choice that was found."""
    return ["abc"[choices.index(found)]]


QUIZ: dict[int, Callable[[Lesson], list[str]]] = {
    1: lambda lesson: chosen(a=count(lesson, "strawberry") == "1", b=count(lesson, "strawberry") == "3"),
    2: lambda lesson: chosen(b=token_id(lesson, "quick") != token_id(lesson, " quick")),
    3: lambda lesson: letter(answer(lesson, "Mike is not quick. He moves"), "quickly", "slowly", "not"),
    4: lambda lesson: chosen(a=all(sum(row) == pytest.approx(1, abs=1e-4) for row in pattern(lesson, SHE)[1])),
    5: lambda lesson: chosen(
        a=all(share == 0 for at, row in enumerate(pattern(lesson, SHE)[1]) for share in row[at + 1 :])
    ),
    6: lambda lesson: letter(lens(lesson)[0], "Wednesday", "is", "Tuesday"),
    7: lambda lesson: chosen(
        a=feature(lesson, PULLS, 100) == "lightsaber",
        b=feature(lesson, PULLS, 150) == "lightsaber",
        c=feature(lesson, PULLS, -200) == "lightsaber",
    ),
    8: lambda lesson: chosen(a=sampled(lesson, 1) != sampled(lesson, 7), b=sampled(lesson, 1) == sampled(lesson, 7)),
    9: lambda lesson: chosen(c="Its answer is a guess" in caveat(lesson, "The quokka is")),
    10: lambda lesson: chosen(b=6e6 <= parameters(lesson) < 7e6),
}


@pytest.fixture(scope="module")
def lesson(books: Books) -> Iterator[Lesson]:
    opened = Lesson(books)
    yield opened
    opened.close()


def items(text: str) -> dict[int, str]:
    """The numbered items of a text."""
    return {int(number): item for number, item in ITEM.findall(text)}


def key(section: str) -> dict[int, list[str]]:
    """The bold parts of each answer of a section."""
    text = (DOCS / "answers.md").read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    return {number: re.findall(r"\*\*(.+?)\*\*", item) for number, item in items(text).items()}


@pytest.mark.parametrize("number", WORKSHEET)
def test_the_answers_to_the_worksheet(lesson: Lesson, number: int) -> None:
    assert key("Worksheet")[number] == WORKSHEET[number](lesson)


@pytest.mark.parametrize("number", QUIZ)
def test_the_answers_to_the_quiz(lesson: Lesson, number: int) -> None:
    assert key("Quiz")[number] == QUIZ[number](lesson)


def test_the_shares_in_the_answers(lesson: Lesson) -> None:
    text = (DOCS / "answers.md").read_text(encoding="utf-8")
    shares = [
        f"**{name}** ({share:.0%})" for name, share in (looked_at(lesson, HE, " He"), looked_at(lesson, SHE, " She"))
    ]
    assert "; ".join(shares) in text
    assert f"{parameters(lesson):,.0f}" in text


@pytest.mark.parametrize(("document", "answers"), [("worksheet", WORKSHEET), ("quiz", QUIZ)])
def test_every_question_has_an_answer_and_a_check(document: str, answers: dict[int, object]) -> None:
    questions = items((DOCS / f"{document}.md").read_text(encoding="utf-8"))
    assert list(questions) == list(answers) == list(key(document.capitalize()))


def test_the_parts_of_the_lesson_take_45_minutes() -> None:
    plan = (DOCS / "lesson.md").read_text(encoding="utf-8")
    minutes = [int(number) for number in re.findall(r"^\| (\d+) \|", plan, re.M)]
    assert minutes == [5, 15, 10, 15]
    assert [int(number) for number in re.findall(r"^## .+ \((\d+) minutes\)", plan, re.M)] == minutes
