"""Words of everyday topics, by which the features are named.

A word is written in small letters; its form with an s at the end counts too. A word may be in several topics.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from udfs.models.demo.recipe.grammar.words import (
    ADVERBS,
    COLORS,
    COUNTRIES,
    DAYS,
    MEN,
    MONTHS,
    NUMBERS,
    ORDINALS,
    SEASONS,
    SURNAMES,
    WOMEN,
)


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word.lower() for text in texts for word in text.split())


STAR_WARS: Final = "Star Wars and its Jedi"
"""The topic whose feature the workbooks steer with."""

TOPICS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        STAR_WARS: _words("jedi force sith darth vader yoda luke skywalker lightsaber wars master"),
        "magic and wizards": _words("magic magical wizard witch wand spell harry potter hogwarts fairy potion"),
        "kings, queens and knights": _words(
            "king queen prince princess knight castle crown throne kingdom royal palace emperor sword"
        ),
        "days of the week": _words(*DAYS),
        "months": _words(*MONTHS),
        "seasons": _words(*SEASONS, "fall season"),
        "times of day": _words("morning evening afternoon night noon midnight tonight dawn dusk sunset sunrise"),
        "today, tomorrow, yesterday": _words("today tomorrow yesterday tonight"),
        "hours, days, years": _words(
            "second minute hour day week month year weekend century moment decade o'clock while"
        ),
        "numbers in words": _words(*NUMBERS[2:], "zero thirty forty fifty hundred thousand million dozen"),
        "numbers in digits": _words(" ".join(map(str, range(200)))),
        "first, second, third": _words(*ORDINALS, "last next"),
        "sums": _words("plus minus sum equals + = - makes"),
        "men's names": _words(
            *MEN,
            "tim ben timmy billy bob joe jim alex carlos fred leo marco oscar omar ravi nick tommy jimmy johnny sami "
            "ken ali andy tony bobby johnny",
        ),
        "women's names": _words(
            *WOMEN,
            "lily mia sue amy molly ella clara sophie beth jill lola layla jenny betty yuki nina rosa leila megan "
            "maya olivia annie julia mary lucy anna sara daisy bella lila sally ruth",
        ),
        "family names": _words(*SURNAMES),
        "family": _words(
            "mother father mom dad mommy daddy mum mama papa brother sister son daughter parents uncle aunt cousin "
            "grandma grandpa grandmother grandfather family twin wife husband baby"
        ),
        "mothers and fathers": _words("mother father mom dad mommy daddy mum mama papa parents mom's"),
        "brothers and sisters": _words("brother sister twin sibling cousin"),
        "husbands and wives": _words("husband wife marry married marriage wedding bride girlfriend boyfriend engaged"),
        "boys and girls": _words("boy girl child kid children kids baby son daughter"),
        "men and women": _words("man woman men women lady gentleman guy"),
        "friends": _words("friend friends friendship neighbor buddy classmate friendly"),
        "jobs": _words(
            "doctor teacher nurse lawyer farmer policeman police driver dentist chef cook soldier carpenter painter "
            "writer musician photographer hunter programmer sailor pilot firefighter barber engineer scientist artist "
            "singer actor secretary captain officer waiter waitress judge professor mayor baker player captain clown "
            "archer student king boss manager guard butcher tailor"
        ),
        "work": _words("work works worked working job office boss company factory business salary project career"),
        "school and learning": _words(
            "school teacher student class classroom lesson homework learn learned learning study studied studying "
            "teach taught exam test university college pupil education math"
        ),
        "books and reading": _words(
            "book read reading library story novel page magazine newspaper author poem chapter dictionary"
        ),
        "writing and letters": _words(
            "write wrote written writing letter pen pencil note paper diary envelope poet email"
        ),
        "languages": _words(
            "english french german spanish japanese chinese italian russian language word sentence esperanto latin "
            "korean arabic portuguese greek turkish swedish norwegian polish persian hindi hungarian ukrainian"
        ),
        "countries": _words(
            *(country for country, _, _ in COUNTRIES), "america australia europe africa mexico brazil country"
        ),
        "cities": _words(
            *(capital for _, capital, _ in COUNTRIES), "boston york chicago osaka kyoto sydney city town capital"
        ),
        "food": _words(
            "food bread cheese rice meat soup egg fish chicken pizza sandwich salad butter potato tomato vegetable "
            "carrot bean noodle spaghetti beef pork ham steak salt pepper sugar honey meal dish dessert onion corn "
            "pasta sausage bacon burger toast jam flour apple banana fruit cake cookie pie candy chocolate nut snack"
        ),
        "cakes and sweets": _words(
            "cake cookie pie candy chocolate ice cream sweet dessert sugar jam honey muffin cupcake pancake biscuit"
        ),
        "fruit": _words(
            "apple banana orange lemon peach pear cherry grape strawberry berry fruit melon plum mango pineapple"
        ),
        "meals": _words("breakfast lunch dinner supper meal picnic dessert snack"),
        "eating": _words("eat ate eaten eating eats hungry bite bit chew taste tasted swallow delicious yummy tasty"),
        "drinks": _words("water coffee tea milk juice beer wine soda lemonade cocoa latte drink espresso cappuccino"),
        "drinking": _words("drink drank drinking drinks drunk thirsty cup bottle glass sip"),
        "cooking": _words("cook cooked cooking bake baked baking kitchen oven boil fry stir recipe pan pot stove chef"),
        "coffee orders": _words(
            "latte coffee espresso cappuccino customer barista decaf caramel vanilla mocha iced syrup foam whipped"
        ),
        "animals": _words(
            "dog cat horse cow lion bear wolf sheep rabbit monkey tiger elephant mouse pig fox frog duck bird fish "
            "goat deer squirrel snake turtle bee ant spider bunny puppy kitten owl whale shark dolphin crab bug animal "
            "chicken hen rat eagle parrot camel donkey giraffe zebra kangaroo crocodile lizard hippo hare crow"
        ),
        "pets": _words("dog cat puppy kitten pet hamster bunny doggy kitty leash paw tail bark barked"),
        "farm animals": _words("cow horse sheep pig goat chicken hen duck donkey rooster lamb goose farm barn"),
        "wild animals": _words(
            "lion bear wolf tiger elephant monkey fox deer giraffe zebra crocodile hippo leopard jackal hyena"
        ),
        "birds": _words(
            "bird duck eagle owl crow parrot chicken hen pigeon goose swan peacock nest wing feather beak sparrow dove"
        ),
        "insects and other small animals": _words(
            "bee ant spider bug butterfly fly worm ladybug caterpillar mosquito insect snail frog beetle grasshopper"
        ),
        "fish and the sea": _words(
            "fish sea ocean whale shark boat ship beach shore wave sail swim sand island shell crab dolphin sailor"
        ),
        "rain and weather": _words(
            "rain rained raining snow snowed snowing wind windy sunny cloud cloudy storm weather thunder lightning fog "
            "umbrella rainy snowy wet warm cold hot sunshine forecast hail"
        ),
        "snow and cold": _words("snow ice cold winter frozen freeze snowman icy chilly coat snowing"),
        "hot and cold": _words("hot cold warm cool heat fire burn burning burned ice frozen freezing temperature"),
        "sun, moon and stars": _words("sun moon star sky earth planet cloud space sunshine rainbow"),
        "fire and light": _words("fire light lamp candle flame burn burned smoke match bright torch dark shine shone"),
        "trees and plants": _words(
            "tree flower grass leaf leaves plant garden forest woods branch seed root bush rose wood field fruit"
        ),
        "rivers, hills and fields": _words(
            "river lake hill mountain valley forest field sea island beach desert pond stream woods jungle rock cave"
        ),
        "colors": _words(*COLORS.values(), "pink purple gray grey golden color colour silver gold"),
        "big and small": _words("big small large tiny huge little giant enormous tall short great bigger smaller long"),
        "good": _words("good great nice wonderful best better perfect fine excellent amazing lovely beautiful well"),
        "bad": _words("bad terrible awful worse worst wrong horrible badly ugly evil poor"),
        "happy feelings": _words(
            "happy glad excited proud joy fun smile smiled smiling laugh laughed delighted cheerful pleased happily "
            "happiness enjoy enjoyed grateful thankful"
        ),
        "sad and angry feelings": _words(
            "sad angry upset cry cried crying tears mad unhappy lonely jealous annoyed sadly disappointed sorry worried"
        ),
        "fear": _words("afraid scared fear frightened scary nervous worried terrified danger dangerous fright anxious"),
        "tired and sleepy": _words("tired sleepy asleep sleep bored exhausted bed slept rest nap yawn"),
        "sleep and beds": _words(
            "sleep slept asleep bed dream dreamed nap awake wake woke blanket pillow bedtime sleeping"
        ),
        "love and liking": _words(
            "love loved loves like liked likes hate hated enjoy enjoyed prefer favorite adore fond"
        ),
        "wishing and wanting": _words("want wanted wants wish wished hope hoped need needed would desire dream"),
        "thinking and knowing": _words(
            "think thought know knew known believe believed understand understood guess wonder wondered "
            "remember forgot forget suppose idea mind sure doubt"
        ),
        "saying and asking": _words(
            "say said says ask asked tell told answer answered reply replied shout shouted whisper speak spoke talk "
            "talked call called explain cried exclaimed yelled"
        ),
        "seeing and looking": _words(
            "see saw seen look looked looking looks watch watched watching notice noticed eye stare stared view sight"
        ),
        "hearing and sounds": _words("hear heard sound noise loud listen listened voice quiet ear silence noisy"),
        "parts of the body": _words(
            "hand head eye ear nose mouth arm leg foot feet finger hair face tooth teeth heart knee neck back shoulder "
            "stomach skin tongue body belly tummy toe chest lip throat bone"
        ),
        "illness and doctors": _words(
            "sick ill doctor hospital medicine pain hurt fever cold headache nurse dentist patient disease injured "
            "cough health healthy"
        ),
        "clothes": _words(
            "dress shirt coat hat shoe sock pants jacket skirt sweater scarf glove cap suit tie clothes wear wore "
            "wearing boots jeans uniform umbrella glasses"
        ),
        "the house": _words(
            "house room door window kitchen bedroom bathroom roof wall floor table chair bed sofa stairs home key "
            "apartment desk lamp shelf"
        ),
        "doors and windows": _words("door window gate key lock locked open opened close closed knock knocked"),
        "furniture": _words("table chair bed desk sofa couch shelf bench drawer cupboard lamp carpet bookcase"),
        "things one carries": _words(
            "phone wallet key bag umbrella book pen camera knife guitar map box ball ring watch ticket cup bottle "
            "basket lamp coin toy gift card letter keys hat flower picture blanket computer necklace newspaper laptop"
        ),
        "cars and trains": _words(
            "car bus train bike bicycle truck taxi plane airplane boat ship subway motorcycle wagon ride drive drove "
            "driver driving"
        ),
        "travel": _words(
            "travel trip journey train plane airport hotel station vacation abroad passport ticket tourist suitcase "
            "flight luggage holiday visit visited"
        ),
        "places in a town": _words(
            "store park beach school station market garden library hospital restaurant office museum house hotel bar "
            "farm church cinema shop bank zoo theater castle airport supermarket bakery cafe street town city"
        ),
        "shops and buying": _words(
            "buy bought sell sold store shop shopping market price cost pay paid customer sale spend spent"
        ),
        "money": _words(
            "money dollar coin pay paid price cost cheap expensive rich poor bank yen cent euro wallet debt salary"
        ),
        "games and sports": _words(
            "game play played playing tennis football soccer baseball golf basketball team ball chess win won player "
            "race sport match"
        ),
        "toys": _words("toy ball doll teddy block kite puzzle balloon car truck robot swing slide playground"),
        "music": _words(
            "music song sing sang singing piano guitar violin dance danced drum concert singer flute musician band jazz"
        ),
        "films and television": _words("film movie tv television show cinema actor watch screen theater video"),
        "pictures and drawing": _words(
            "picture draw drew drawing paint painted painting photo camera crayon artist brush color photograph"
        ),
        "computers and telephones": _words(
            "computer phone telephone internet email laptop call called website screen message"
        ),
        "parties and presents": _words(
            "birthday party gift present christmas cake balloon surprise celebrate wedding holiday candle guest invited"
        ),
        "going and coming": _words(
            "go goes went gone going come came coming leave left return returned arrive arrived"
        ),
        "walking and running": _words(
            "walk walked walking run ran running jump jumped climb climbed hop hopped step stepped chase chased race"
        ),
        "giving and taking": _words(
            "give gave given giving take took taken taking bring brought get got hand handed send sent put share shared"
        ),
        "looking for and finding": _words("find found search searched look lost lose hide hid hidden hiding seek"),
        "beginning and ending": _words("begin began begun start started stop stopped end ended finish finished"),
        "helping": _words("help helped helping helps save saved rescue helper kind thank thanked"),
        "please and thank you": _words("please thank thanks sorry excuse welcome pardon"),
        "greetings": _words("hello hi hey goodbye bye welcome dear"),
        "war, fighting and weapons": _words(
            "war fight fought fighting attack battle soldier army gun sword enemy weapon kill killed peace"
        ),
        "truth and lies": _words("true truth lie lied lying false honest liar secret believe pretend"),
        "problems and mistakes": _words("problem mistake trouble wrong fault error accident difficult broken fix"),
        "crime and police": _words(
            "police thief steal stole stolen crime prison jail arrested policeman guilty lawyer"
        ),
        "stories that begin": _words("once upon time there lived named story"),
        "manner: quickly, slowly": _words(*ADVERBS.values(), "suddenly happily gently carefully finally"),
        "qualities of people": _words(
            *ADVERBS, "brave clever smart shy lazy friendly funny selfish generous rude busy"
        ),
        "comparing: bigger, older": _words(
            "bigger smaller faster taller older younger stronger better worse longer shorter higher lower "
            "richer cheaper biggest smallest fastest tallest oldest youngest best worst longest than more less"
        ),
        "young and old": _words("young old new age ancient older younger modern"),
    }
)
"""Every everyday topic's name and words."""

PARTS_OF_SPEECH: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "how often": _words(
            "always never often sometimes usually rarely seldom every ever daily once twice again occasionally"
        ),
        "early, late, soon, now": _words("early late later soon now already yet earlier still before after just then"),
        "some, many, all": _words(
            "some many all few several most much lot lots enough any every each more plenty less both none half"
        ),
        "I": _words("i i'm i've i'd i'll me my mine myself"),
        "you": _words("you your yours you're you've you'll you'd yourself"),
        "we": _words("we us our we're we've we'll ours ourselves let's"),
        "he": _words("he him his he's he'd he'll himself"),
        "she": _words("she her hers she's she'd she'll herself"),
        "they": _words("they them their they're theirs themselves"),
        "not": _words(
            "not no never don't doesn't didn't isn't wasn't can't won't couldn't wouldn't aren't haven't hasn't nobody "
            "nothing none cannot without shouldn't weren't hadn't"
        ),
        "can, will, must": _words("can could will would shall should may might must ought cannot can't won't"),
        "question words": _words("who what when where why how which whose whom"),
        "because, if, but": _words("because if but although though unless since while until so whether or and"),
        "where: in, on, under": _words(
            "in on under over behind beside between near at above below inside outside into onto around through across"
        ),
        "here, there, everywhere": _words("here there everywhere somewhere nowhere anywhere where away outside home"),
        "someone, nobody, everything": _words(
            "someone somebody nobody everyone everybody anyone anybody something nothing anything everything"
        ),
        "is, was, are": _words("is was are were be been am being"),
        "has, had, have": _words("has had have having"),
        "a, the, this": _words("a an the this that these those"),
        "the end of a sentence": _words(". ! ?"),
        "commas": _words(","),
        "quotation marks": _words('" \' ." ," ?" !"'),
        "the beginning of a text": _words("<|endoftext|>"),
    }
)
"""Kinds of words and signs that any text has."""
