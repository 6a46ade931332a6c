"""Sixty sentences as a visitor begins them, each with the next words that make sense.

They were written before the model was trained. No training document contains one of them.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Visitor(NamedTuple):
    """A prompt, and the tokens that may follow it; a word means the token with a space before it."""

    prompt: str
    sensible: frozenset[str]


def _visitor(prompt: str, words: str) -> Visitor:
    """The words are separated by spaces; the signs . , ? ! and an apostrophe's ending follow without a space."""
    return Visitor(prompt, frozenset(w if w[0] in ".,?!'" else f" {w}" for w in words.split()))


VISITOR_PROMPTS: Final = (
    _visitor("My mother gave me a", "big new little small book present gift ball hug toy kiss nice cake ride"),
    _visitor("I drink coffee every", "morning day evening afternoon night"),
    _visitor("The sun is shining and the sky is", "blue clear bright so very beautiful"),
    _visitor("She opened the door and", "saw went walked came looked found ran the she there a said let stepped"),
    _visitor("It was raining, so we", "stayed went decided had could couldn ran did didn took got were all"),
    _visitor("The dog ran after the", "cat ball bird rabbit car dog squirrel boy stick man children girl other"),
    _visitor("He was so tired that he", "fell went could couldn slept had was wanted did didn just"),
    _visitor("I am very hungry. I want to", "eat have go get cook buy"),
    _visitor("Be quiet, the baby is", "sleeping asleep still"),
    _visitor("I am lost. Can you help me", "find ? please get with to"),
    _visitor("What time does the train", "leave arrive start come get go stop"),
    _visitor("My favorite color is", "blue red green yellow pink purple black white orange brown"),
    _visitor("Please close the", "door window windows book box gate curtains"),
    _visitor("We went to the beach and", "played had saw the built we went found sat made there"),
    _visitor("The children are playing in the", "park garden snow yard street water playground sand rain room sun"),
    _visitor("I can't find my", "keys key phone book shoes glasses way wallet bag hat car pen umbrella mother mom"),
    _visitor("It was a nice party. Thank you very", "much"),
    _visitor("We all sang happy birthday to", "you him her me the my our"),
    _visitor("Good morning, how are", "you we things"),
    _visitor("The cat is sleeping on the", "bed sofa couch chair floor mat table rug roof grass"),
    _visitor("He brushed his teeth and went to", "bed school sleep work the"),
    _visitor("In winter it is very", "cold"),
    _visitor("Once upon a time, there was a brave little", "girl boy mouse rabbit bird dog bear cat knight fox"),
    _visitor("The king and the queen lived happily ever", "after"),
    _visitor("I like to eat", "ice fruit apples cake bread fish chocolate pizza the a vegetables cookies pasta in at"),
    _visitor("The little bird flew", "away over up into to out high around in down through off back"),
    _visitor("Nice to meet you. How old are", "you"),
    _visitor("There is so much to see. I don't know what to", "do say think see look start"),
    _visitor("She is a very good", "student teacher girl friend singer cook woman person dancer doctor mother"),
    _visitor("My brother plays the", "piano guitar violin drums trumpet game"),
    _visitor("The teacher asked the", "students question children boy class student girl same teacher questions kids"),
    _visitor("At night we can see the", "stars moon sky"),
    _visitor("I forgot to bring my", "umbrella book phone wallet money keys key lunch glasses homework coat bag"),
    _visitor("He came in and took off his", "hat coat shoes shirt jacket glasses clothes cap boots"),
    _visitor("It is cold outside. Would you like a cup of", "tea coffee hot milk"),
    _visitor("The little boy was sad because", "he his the she it they nobody no"),
    _visitor("It is too hot in", "here the this summer my"),
    _visitor("I have two brothers and one", "sister brother of"),
    _visitor("It is a sunny day. Let's go to the", "park beach store zoo movies mall garden lake river playground"),
    _visitor("Do you want to play with", "me us my the your him her it them a"),
    _visitor("Be careful, the soup is", "very hot too still so"),
    _visitor("We have breakfast at", "seven eight six nine home the"),
    _visitor("She was so happy that she", "smiled hugged started danced cried could jumped ran wanted was had laughed"),
    _visitor("The girl in the red dress wanted to", "play go be see help find have buy make show dance know"),
    _visitor("I am busy now. I will call you", "tomorrow later back when again soon tonight as if at"),
    _visitor("The water in the lake is", "cold very clear deep so warm blue too not frozen"),
    _visitor("There is a book on the", "table desk shelf floor bed"),
    _visitor("My little sister is afraid of", "dogs the snakes spiders heights being cats dark going water mice"),
    _visitor("Where did you put the", "key keys book ball money box toys car"),
    _visitor("My grandmother lives in", "a the Boston Australia London New an Paris this Canada Germany"),
    _visitor("In the forest I saw a big", "tree bear dog bird red black white brown rock cat lion wolf deer snake"),
    _visitor("My friend said that he", "was had would wanted didn wasn could is did couldn 'd will liked"),
    _visitor("The doctor told me to", "stay take rest eat stop get give go drink lose quit come do be"),
    _visitor("If it rains tomorrow, we", "will 'll won can have would stay are should"),
    _visitor("When I grow up, I want to be a", "doctor teacher good singer pilot nurse scientist writer big great"),
    _visitor("The flowers in the garden are", "beautiful very so pretty red all in blue growing yellow"),
    _visitor("Yesterday I went to the", "store park library movies beach hospital market zoo doctor school shop"),
    _visitor("The mouse was afraid of the", "cat big snake dog owl bear fox lion dark"),
    _visitor("They sat down and", "ate talked started had began looked were waited the drank played watched"),
    _visitor("Welcome to our restaurant! What would you like to", "eat do drink have order try"),
)
