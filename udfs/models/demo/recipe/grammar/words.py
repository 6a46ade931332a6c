"""The words of the grammar. Nearly all of them are one GPT-2 token, so that an answer is one prediction."""

from __future__ import annotations

from typing import Final, NamedTuple

from udfs.models.demo.prompts import DAYS as DAYS


class Person(NamedTuple):
    """A name and the pronouns that stand for it."""

    name: str
    he: str
    his: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MEN: Final = _words(
    "Mike John Tom James Paul Peter David Mark Robert George Henry Jack Daniel Adam Ben Sam Luke Simon "
    "Steve Kevin Brian Eric Frank Richard Thomas William Charles Michael Joseph Andrew Max Tim"
)
WOMEN: Final = _words(
    "Mary Anna Lucy Sarah Lisa Emma Kate Jane Alice Laura Susan Maria Rachel Emily Amy Jessica Jennifer "
    "Michelle Rose Eva Elizabeth Ann Grace Helen Linda Karen Julia Claire Hannah Nancy Victoria Diana"
)
SURNAMES: Final = _words(
    "Smith Brown Green White Black King Wood Hill Jones Taylor Wilson Johnson Clark Lewis Walker Young Allen "
    "Wright Baker Carter Cooper Stone Fox Fisher Miller Davis"
)
PEOPLE: Final = (
    *(Person(name, "He", "his") for name in MEN),
    *(Person(name, "She", "her") for name in WOMEN),
)

ADVERBS: Final = {
    "quick": "quickly",
    "slow": "slowly",
    "quiet": "quietly",
    "loud": "loudly",
    "careful": "carefully",
    "kind": "kindly",
    "happy": "happily",
    "sad": "sadly",
    "angry": "angrily",
    "gentle": "gently",
    "calm": "calmly",
    "proud": "proudly",
    "polite": "politely",
    "nervous": "nervously",
    "patient": "patiently",
    "eager": "eagerly",
    "deep": "deeply",
    "soft": "softly",
    "wise": "wisely",
    "smooth": "smoothly",
    "bold": "boldly",
    "honest": "honestly",
    "serious": "seriously",
    "strange": "strangely",
    "rough": "roughly",
    "cheap": "cheaply",
    "secret": "secretly",
    "perfect": "perfectly",
    "bad": "badly",
}
CONTRARIES: Final = (
    ("quick", "slow"),
    ("quiet", "loud"),
    ("happy", "sad"),
    ("angry", "calm"),
    ("nervous", "calm"),
    ("gentle", "rough"),
    ("soft", "rough"),
    ("honest", "secret"),
    ("bold", "nervous"),
)
"""Qualities that exclude each other: somebody who is not the one is the other."""
# (he ..., yesterday he ..., he will ...), all without an object
ACTIONS: Final = (
    ("moves", "moved", "move"),
    ("walks", "walked", "walk"),
    ("talks", "talked", "talk"),
    ("works", "worked", "work"),
    ("runs", "ran", "run"),
    ("sings", "sang", "sing"),
    ("speaks", "spoke", "speak"),
    ("plays", "played", "play"),
    ("dances", "danced", "dance"),
    ("writes", "wrote", "write"),
    ("drives", "drove", "drive"),
    ("eats", "ate", "eat"),
    ("reads", "read", "read"),
    ("waits", "waited", "wait"),
    ("answers", "answered", "answer"),
    ("smiles", "smiled", "smile"),
    ("thinks", "thought", "think"),
    ("fights", "fought", "fight"),
    ("returns", "returned", "return"),
    ("sleeps", "slept", "sleep"),
    ("climbs", "climbed", "climb"),
    ("jumps", "jumped", "jump"),
    ("learns", "learned", "learn"),
    ("teaches", "taught", "teach"),
    ("sits", "sat", "sit"),
    ("stands", "stood", "stand"),
    ("falls", "fell", "fall"),
    ("flies", "flew", "fly"),
    ("draws", "drew", "draw"),
    ("drinks", "drank", "drink"),
    ("wins", "won", "win"),
    ("laughs", "laughed", "laugh"),
    ("cries", "cried", "cry"),
    ("cooks", "cooked", "cook"),
    ("helps", "helped", "help"),
    ("calls", "called", "call"),
    ("travels", "traveled", "travel"),
    ("begins", "began", "begin"),
    ("leaves", "left", "leave"),
    ("comes", "came", "come"),
)
MANNER_ACTIONS: Final = ACTIONS[:20]

MONTHS: Final = _words("January February March April May June July August September October November December")
SEASONS: Final = ("spring", "summer", "autumn", "winter")
NUMBERS: Final = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
ORDINALS: Final = _words("first second third fourth fifth sixth seventh eighth ninth tenth")

OPPOSITES: Final = (
    ("hot", "cold"),
    ("big", "small"),
    ("early", "late"),
    ("rich", "poor"),
    ("fast", "slow"),
    ("high", "low"),
    ("hard", "soft"),
    ("happy", "sad"),
    ("light", "dark"),
    ("strong", "weak"),
    ("young", "old"),
    ("good", "bad"),
    ("long", "short"),
    ("full", "empty"),
    ("open", "closed"),
    ("wet", "dry"),
    ("clean", "dirty"),
    ("loud", "quiet"),
    ("true", "false"),
    ("left", "right"),
    ("up", "down"),
    ("in", "out"),
    ("day", "night"),
    ("love", "hate"),
    ("war", "peace"),
    ("life", "death"),
    ("thick", "thin"),
    ("wide", "narrow"),
    ("near", "far"),
    ("first", "last"),
    ("sweet", "bitter"),
    ("safe", "dangerous"),
    ("simple", "complex"),
    ("always", "never"),
    ("heaven", "hell"),
    ("north", "south"),
    ("east", "west"),
    ("friend", "enemy"),
    ("begin", "end"),
)
PLURALS: Final = {
    "mouse": "mice",
    "child": "children",
    "man": "men",
    "woman": "women",
    "foot": "feet",
    "tooth": "teeth",
    "wolf": "wolves",
    "knife": "knives",
    "leaf": "leaves",
    "city": "cities",
    "box": "boxes",
    "church": "churches",
    "baby": "babies",
    "story": "stories",
    "hero": "heroes",
    "dog": "dogs",
    "cat": "cats",
    "bird": "birds",
    "horse": "horses",
    "cow": "cows",
    "lion": "lions",
    "car": "cars",
    "book": "books",
    "house": "houses",
    "tree": "trees",
    "apple": "apples",
    "table": "tables",
    "chair": "chairs",
    "ship": "ships",
    "ring": "rings",
    "key": "keys",
    "star": "stars",
    "boy": "boys",
    "girl": "girls",
    "friend": "friends",
    "door": "doors",
    "flower": "flowers",
    "river": "rivers",
    "song": "songs",
    "letter": "letters",
}
COMPARATIVES: Final = (
    ("big", "bigger", "biggest"),
    ("small", "smaller", "smallest"),
    ("fast", "faster", "fastest"),
    ("tall", "taller", "tallest"),
    ("old", "older", "oldest"),
    ("young", "younger", "youngest"),
    ("strong", "stronger", "strongest"),
    ("good", "better", "best"),
    ("bad", "worse", "worst"),
    ("long", "longer", "longest"),
    ("short", "shorter", "shortest"),
    ("high", "higher", "highest"),
    ("low", "lower", "lowest"),
    ("rich", "richer", "richest"),
    ("cheap", "cheaper", "cheapest"),
)

# country, capital, language
COUNTRIES: Final = (
    ("France", "Paris", "French"),
    ("Italy", "Rome", "Italian"),
    ("Japan", "Tokyo", "Japanese"),
    ("Germany", "Berlin", "German"),
    ("England", "London", "English"),
    ("Spain", "Madrid", "Spanish"),
    ("Russia", "Moscow", "Russian"),
    ("China", "Beijing", "Chinese"),
    ("Egypt", "Cairo", "Arabic"),
    ("Greece", "Athens", "Greek"),
    ("Portugal", "Lisbon", "Portuguese"),
    ("Turkey", "Ankara", "Turkish"),
    ("Poland", "Warsaw", "Polish"),
    ("Austria", "Vienna", "German"),
    ("Ireland", "Dublin", "English"),
    ("Sweden", "Stockholm", "Swedish"),
    ("Norway", "Oslo", "Norwegian"),
    ("Cuba", "Havana", "Spanish"),
    ("Peru", "Lima", "Spanish"),
    ("Iran", "Tehran", "Persian"),
    ("Iraq", "Baghdad", "Arabic"),
    ("Syria", "Damascus", "Arabic"),
    ("Canada", "Ottawa", "English"),
    ("Belgium", "Brussels", "French"),
    ("Hungary", "Budapest", "Hungarian"),
    ("Ukraine", "Kiev", "Ukrainian"),
    ("Korea", "Seoul", "Korean"),
    ("India", "Delhi", "Hindi"),
)
COLORS: Final = {
    "grass": "green",
    "snow": "white",
    "coal": "black",
    "blood": "red",
    "sky": "blue",
    "sun": "yellow",
    "chocolate": "brown",
    "milk": "white",
    "night": "black",
    "sea": "blue",
    "gold": "yellow",
    "forest": "green",
    "carrot": "orange",
    "fire": "red",
}
YOUNG: Final = {
    "dog": "puppy",
    "cat": "kitten",
    "cow": "calf",
    "sheep": "lamb",
    "bear": "cub",
    "lion": "cub",
    "man": "boy",
    "woman": "girl",
}
ANIMAL_ACTIONS: Final = {
    "lion": "hunts",
    "dog": "runs",
    "bird": "sings",
    "wolf": "hunts",
    "baby": "cries",
    "horse": "runs",
    "fish": "swims",
    "duck": "swims",
    "eagle": "flies",
    "bee": "flies",
    "rabbit": "jumps",
    "monkey": "climbs",
}
KINDS: Final = {
    "animal": _words("dog cat horse cow lion bear wolf sheep rabbit monkey tiger elephant"),
    "bird": _words("duck eagle chicken"),
    "fruit": _words("banana orange lemon apple peach"),
    "color": _words("red green blue white black yellow brown"),
    "tool": _words("hammer knife brush axe"),
    "city": tuple(capital for _, capital, _ in COUNTRIES),
    "country": tuple(country for country, _, _ in COUNTRIES),
    "day": DAYS,
    "month": MONTHS,
    "number": NUMBERS,
    "season": SEASONS,
}
PLACES: Final = _words(
    "store park beach school station market garden library hospital restaurant office museum house hotel bar farm "
    "church cinema shop bank zoo theater river castle airport forest"
)
OBJECTS: Final = _words(
    "drink ball book pen ring key letter cup flower hat box card map lamp coin toy gift bag bottle watch "
    "picture basket blanket camera knife phone computer ticket necklace guitar newspaper sandwich cake"
)
NOUNS: Final = _words(
    "cat dog bird lamp river apple stone moon tree house car table chair ship star door song train cloud field "
    "bridge window garden glass paper wheel road mountain island king queen bread water fire wind rain snow hand eye "
    "head heart gold silver iron wood horse lion wolf bear fish tiger"
)
