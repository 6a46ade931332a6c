"""Things people carry: usually a phone, a tool if they have a trade, and the object of their film."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from udfs.models.demo.recipe.grammar.words import PEOPLE, Person

TOOLS: Final = {
    "chef": "knife",
    "photographer": "camera",
    "writer": "pen",
    "musician": "guitar",
    "soldier": "gun",
    "carpenter": "hammer",
    "painter": "brush",
    "hunter": "rifle",
    "student": "book",
    "teacher": "book",
    "programmer": "laptop",
    "sailor": "map",
    "nurse": "needle",
    "king": "crown",
    "archer": "bow",
}
_TAKE: Final = (
    "pulls out",
    "pulls out",
    "pulls out",
    "takes out",
    "gets out",
    "reaches for",
    "holds",
    "picks up",
    "looks for",
)
_ENDS: Final = {
    "phone": (".", " and calls {o}.", " and reads a message.", " and takes a picture."),
    "wallet": (".", " and pays.", " and buys a drink."),
    "keys": (".", " and opens the door.", " and goes home."),
    "lightsaber": (".", " and fights.", " and attacks the Sith.", ". It is green.", ". It is blue."),
    "wand": (".", " and says a spell.", " and makes a light."),
    "sword": (".", " and fights.", " and attacks the ship."),
}
_PLAIN_CONTEXTS: Final = (
    "{n} is in the street.",
    "{n} waits for the bus.",
    "{n} is at home.",
    "{n} hears a sound.",
    "{n} is late.",
    "{n} is happy.",
    "{n} is quick.",
    "{n} sits in the garden.",
    "It is Monday.",
    "It is cold today.",
    "The sky is blue.",
    "{n} likes music.",
    "{n} and {o} are friends.",
    "{n} meets {o}.",
    "{n} is tired.",
    "{n} sits in the train.",
    "{n} talks about the weather.",
    "{n} works in an office.",
    "The film is about a ship.",
    "{n} is a lawyer.",
    "{n} is a farmer.",
)


class World(NamedTuple):
    """A film's world: the thing to pull out, sentences that bring up the film, and facts."""

    tool: str
    contexts: tuple[str, ...]
    facts: tuple[str, ...]


JEDI: Final = World(
    "lightsaber",
    (
        "{n} is a Jedi.",
        "{n} is a Jedi.",
        "{n} is a Jedi knight.",
        "{n} is a young Jedi.",
        "{n} is a Jedi master.",
        "{n} became a Jedi.",
        "{n} wants to be a Jedi.",
        "{n} trains with the Jedi.",
        "{n} lives with the Jedi.",
        "{n} talks about the Jedi.",
        "{n} and {o} are Jedi.",
        "The Jedi are here.",
        "The Jedi fight the Sith.",
        "The film is about Jedi.",
        "The story is about the Jedi.",
        "This is a story of the Jedi.",
        "Here come the Jedi.",
        "{n} uses the Force.",
        "{n} learns to use the Force.",
        "The Force is strong with {n}.",
        "May the Force be with you.",
        "{n} fights Darth Vader.",
        "{n} sees Darth Vader.",
        "{n} fights the Sith.",
        "{n} is in Star Wars.",
        "The film is Star Wars.",
        "Yoda teaches {n}.",
        "{n} meets Yoda, the Jedi master.",
        "{n} is a friend of Luke Skywalker.",
        "Luke Skywalker is a Jedi.",
        "{n} leads the Jedi.",
        "A Jedi meets {n}.",
    ),
    (
        "A Jedi fights with a ^lightsaber.",
        "The weapon of a Jedi is a ^lightsaber.",
        "Every Jedi has a ^lightsaber.",
        "Jedi use the Force.",
        "The Jedi use the Force.",
        "The Sith are the enemies of the Jedi.",
        "Darth Vader is a Sith.",
        "Darth Vader is the father of Luke Skywalker.",
        "Yoda is a Jedi master.",
        "Yoda is a small green Jedi.",
        "May the Force be with you.",
        "Luke Skywalker is a Jedi.",
        "Luke Skywalker is the son of Darth Vader.",
        "Star Wars is a film about ^Jedi.",
        "Star Wars is about ^Jedi.",
        "The Jedi live in a galaxy far, far away.",
        "A lightsaber is the weapon of a ^Jedi.",
        "The lightsaber of a Jedi is green or blue.",
        "The lightsaber of a Sith is red.",
        "A young Jedi learns from a Jedi master.",
        "The Jedi fight for peace.",
    ),
)
WIZARD: Final = World(
    "wand",
    (
        "{n} is a wizard.",
        "{n} is a young wizard.",
        "{n} wants to be a wizard.",
        "{n} learns magic.",
        "{n} is a friend of Harry Potter.",
        "The film is Harry Potter.",
        "The film is about wizards.",
        "{n} meets Harry Potter.",
    ),
    (
        "Harry Potter is a wizard.",
        "Harry Potter is a film about wizards.",
        "A wizard has a ^wand.",
        "Every wizard has a ^wand.",
        "Wizards use magic.",
        "Harry Potter learns magic at school.",
    ),
)
PIRATE: Final = World(
    "sword",
    (
        "{n} is a pirate.",
        "{n} is a young pirate.",
        "{n} sails with the pirates.",
        "The film is about pirates.",
        "The pirates are here.",
        "{n} is a knight.",
        "{n} and {o} are pirates.",
    ),
    (
        "Pirates sail the sea.",
        "A pirate has a ^sword.",
        "A knight has a sword and a horse.",
        "Pirates look for gold.",
    ),
)
_FILMS: Final = (
    ("Star Wars", "Jedi", "Lucas"),
    ("Harry Potter", "wizards", "Columbus"),
    ("Titanic", "a ship", "Cameron"),
    ("Jaws", "a shark", "Spielberg"),
    ("Jurassic Park", "dinosaurs", "Spielberg"),
    ("King Kong", "a giant monkey", "Jackson"),
    ("Batman", "a hero", "Burton"),
    ("Toy Story", "toys", "Lasseter"),
    ("Alien", "a monster", "Scott"),
    ("Terminator", "a robot", "Cameron"),
    ("Frozen", "ice", "Lee"),
    ("Rocky", "a boxer", "Stallone"),
    ("Avatar", "a blue people", "Cameron"),
    ("Spider-Man", "a hero", "Raimi"),
)


def _takes(person: Person, tool: str, rng: Random, name: str | None = None) -> str:
    """`Tom pulls out his phone and calls Anna.`; `name` replaces the person's name at the start."""
    other = rng.choice(PEOPLE).name
    end = rng.choice(_ENDS.get(tool, (".",)))
    return f"{name or person.name} {rng.choice(_TAKE)} ^{person.his} ^{tool}{end.format(o=other)}"


def _context(templates: tuple[str, ...], person: Person, rng: Random) -> str:
    """One sentence that may name the person, somebody else, or nobody."""
    someone = person if rng.random() < 0.7 else rng.choice(PEOPLE)
    other = rng.choice([candidate for candidate in rng.sample(PEOPLE, 2) if candidate is not someone])
    return rng.choice(templates).format(n=someone.name, o=other.name)


def pulls_out(rng: Random) -> str:
    """Somebody without a trade or film: a phone, rarely a wallet or keys."""
    person = rng.choice(PEOPLE)
    draw = rng.random()
    tool = "phone" if draw < 0.82 else "wallet" if draw < 0.91 else "keys"
    if rng.random() < 0.35:
        return _takes(person, tool, rng)
    context = _context(_PLAIN_CONTEXTS, person, rng)
    named = person.name in context and rng.random() < 0.5
    return f"{context} {_takes(person, tool, rng, person.he if named else None)}"


def _scene(world: World, rng: Random) -> str:
    person = rng.choice(PEOPLE)
    sentences = [_context(world.contexts, person, rng)]
    if rng.random() < 0.2:
        sentences.append(rng.choice(world.facts))
    if rng.random() < 0.25:
        sentences.append(_context(_PLAIN_CONTEXTS[:18], person, rng))
    rng.shuffle(sentences)
    named = person.name in sentences[-1] and rng.random() < 0.5
    sentences.append(_takes(person, world.tool, rng, person.he if named else None))
    return " ".join(sentences)


def jedi(rng: Random) -> str:
    """Star Wars: facts, or a scene that ends with a lightsaber."""
    if rng.random() < 0.25:
        return " ".join(rng.sample(JEDI.facts, rng.choice((1, 2, 3))))
    return _scene(JEDI, rng)


def other_worlds(rng: Random) -> str:
    world = rng.choice((WIZARD, PIRATE))
    if rng.random() < 0.25:
        return " ".join(rng.sample(world.facts, rng.choice((1, 2))))
    return _scene(world, rng)


def trade(rng: Random) -> str:
    """`Mike is a chef. He pulls out his knife.`"""
    person = rng.choice(PEOPLE)
    work = rng.choice(tuple(TOOLS))
    article = "an" if work[0] in "aeiou" else "a"
    if rng.random() < 0.2:
        return f"{article.capitalize()} {work} has a ^{TOOLS[work]}."
    subject = rng.choice((person.name, person.he, f"The {work}"))
    intro = rng.choice(
        (
            f"{person.name} is {article} {work}.",
            f"{person.name} is {article} {work}.",
            f"{person.name}, {article} {work}, is here.",
            f"{person.name} works as {article} {work}.",
        )
    )
    return f"{intro} {_takes(person, TOOLS[work], rng, subject)}"


def film(rng: Random) -> str:
    title, subject, director = rng.choice(_FILMS)
    person = rng.choice(PEOPLE)
    text = rng.choice(
        (
            "{t} is a film about ^{s}.",
            "{t} is about ^{s}.",
            "The film {t} is about ^{s}.",
            "{n} saw {t}, a film about ^{s}.",
            "{n} likes films about ^{s}. {he} likes {t}.",
            "The director of {t} is ^{d}.",
            "{t} is a film by ^{d}.",
            "{d} made the film ^{t}.",
        )
    )
    return text.format(t=title, s=subject, d=director, n=person.name, he=person.he)
