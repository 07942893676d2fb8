"""The literal data of the built-in word problems: names, things, and forty templates of one to four steps.

A template's `numbers` are inclusive ranges (low, high) or (low, high, step). A step names its result, says how it is
calculated from numbers and earlier results (operands and operators apart by blanks, no brackets, and never a sum
mixed with a product), and tells it: `{work}` becomes `12*5 = <<12*5=60>>60`, and `{money}` the same with a dollar
sign. The last step's result is the answer.
"""

from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "heldout"]


@dataclass(frozen=True)
class Template:
    """One kind of problem. Templates of the split `heldout` never occur in training data."""

    name: str
    split: Split
    things: str  # key of THINGS, or empty
    numbers: dict[str, tuple[int, ...]]
    question: str
    steps: tuple[tuple[str, str, str], ...]


#: Name, subject and possessive pronoun.
PEOPLE = (
    ("Amara", "she", "her"), ("Ben", "he", "his"), ("Carla", "she", "her"), ("Dmitri", "he", "his"),
    ("Elif", "she", "her"), ("Farid", "he", "his"), ("Grace", "she", "her"), ("Hugo", "he", "his"),
    ("Ingrid", "she", "her"), ("Jamal", "he", "his"), ("Keiko", "she", "her"), ("Liam", "he", "his"),
    ("Mei", "she", "her"), ("Nikhil", "he", "his"), ("Olga", "she", "her"), ("Pablo", "he", "his"),
    ("Quinn", "she", "her"), ("Rashid", "he", "his"), ("Sofia", "she", "her"), ("Tomas", "he", "his"),
    ("Uma", "she", "her"), ("Victor", "he", "his"), ("Wanjiru", "she", "her"), ("Xavier", "he", "his"),
    ("Yara", "she", "her"), ("Zeke", "he", "his"), ("Aoife", "she", "her"), ("Bashir", "he", "his"),
    ("Chloe", "she", "her"), ("Diego", "he", "his"), ("Esther", "she", "her"), ("Finn", "he", "his"),
)

#: Singular and plural.
THINGS = {
    "fruit": (("apple", "apples"), ("orange", "oranges"), ("pear", "pears"), ("peach", "peaches"), ("plum", "plums"),
              ("lemon", "lemons"), ("mango", "mangoes"), ("apricot", "apricots")),
    "baking": (("muffin", "muffins"), ("cookie", "cookies"), ("bagel", "bagels"), ("cupcake", "cupcakes"),
               ("scone", "scones"), ("pretzel", "pretzels"), ("brownie", "brownies"), ("bread roll", "bread rolls")),
    "toys": (("marble", "marbles"), ("sticker", "stickers"), ("toy car", "toy cars"), ("balloon", "balloons"),
             ("trading card", "trading cards"), ("seashell", "seashells"), ("bead", "beads"), ("badge", "badges")),
    "goods": (("notebook", "notebooks"), ("mug", "mugs"), ("candle", "candles"), ("scarf", "scarves"),
              ("paintbrush", "paintbrushes"), ("lamp", "lamps"), ("basket", "baskets"),
              ("picture frame", "picture frames")),
    "flowers": (("tulip", "tulips"), ("orchid", "orchids"), ("sunflower", "sunflowers"), ("daisy", "daisies"),
                ("lily", "lilies"), ("peony", "peonies"), ("daffodil", "daffodils"), ("marigold", "marigolds")),
    "plants": (("tulip", "tulips"), ("rose bush", "rose bushes"), ("sunflower", "sunflowers"), ("cabbage", "cabbages"),
               ("strawberry plant", "strawberry plants"), ("daisy", "daisies"), ("fern", "ferns"), ("lily", "lilies")),
}

TEMPLATES = (
    # One step.
    Template("weekend harvest", "train", "fruit", {"a": (12, 95), "b": (8, 90)},
             "{name} picks {a} {things} on Saturday and {b} {things} on Sunday. How many {things} does {name} pick "
             "over the weekend?",
             (("total", "a + b", "Over the weekend {name} picks {work} {things}."),)),
    Template("gift", "train", "toys", {"a": (20, 120), "b": (4, 70)},
             "{name} owns {a} {things} and gives {b} of them to {other}. How many {things} does {name} have left?",
             (("left", "a - b", "{name} has {work} {things} left."),)),
    Template("boxes", "train", "goods", {"a": (3, 24), "b": (4, 40)},
             "{name} packs {things} in boxes of {a}. How many {things} are there in {b} full boxes?",
             (("total", "a * b", "In {b} boxes there are {work} {things}."),)),
    Template("fair shares", "train", "baking", {"a": (12, 180), "b": (3, 12)},
             "{name} shares {a} {things} equally among {b} children. How many {things} does each child get?",
             (("share", "a / b", "Each child gets {work} {things}."),)),
    Template("one price", "train", "goods", {"a": (3, 25), "b": (4, 30)},
             "At {name}'s market stall, each {thing} costs ${a}. How many dollars do {b} {things} cost?",
             (("cost", "a * b", "The {b} {things} cost {money}."),)),
    Template("hourly pay", "train", "", {"a": (9, 38), "b": (3, 40)},
             "{name} earns ${a} an hour. How many dollars does {name} earn in {b} hours?",
             (("pay", "a * b", "In {b} hours {name} earns {money}."),)),
    Template("late train", "train", "", {"a": (35, 120, 5), "b": (3, 12)},
             "{name}'s train covers {a} miles every hour. How many miles does it cover in {b} hours?",
             (("miles", "a * b", "In {b} hours the train covers {work} miles."),)),
    Template("times as many", "heldout", "toys", {"a": (6, 45), "b": (3, 9)},
             "{other} owns {a} {things}, and {name} owns {b} times as many. How many {things} does {name} own?",
             (("total", "a * b", "{name} owns {work} {things}."),)),
    Template("ages apart", "heldout", "", {"a": (6, 48), "b": (3, 30)},
             "{name} is {a} years old, and {other} is {b} years older. How many years old is {other}?",
             (("age", "a + b", "{other} is {work} years old."),)),
    Template("half price", "heldout", "", {"a": (18, 150, 2)},
             "{name} wants a jacket that usually costs ${a} and is sold at half price today. How many dollars does it "
             "cost today?",
             (("price", "a / 2", "Today the jacket costs {money}."),)),
    # Two steps.
    Template("bakery day", "train", "baking", {"a": (20, 160, 2)},
             "{name}'s bakery sells {a} {things} before noon and half as many in the afternoon. How many {things} does "
             "it sell in the whole day?",
             (("later", "a / 2", "In the afternoon it sells {work} {things}."),
              ("total", "a + later", "In the whole day it sells {work} {things}."))),
    Template("change", "train", "goods", {"a": (2, 9), "b": (3, 16), "c": (20, 150, 10)},
             "{name} buys {a} {things} that cost ${b} each and pays with ${c}. How many dollars of change does {name} "
             "get?",
             (("cost", "a * b", "The {things} cost {money}."),
              ("change", "c - cost", "{name} gets {money} of change."))),
    Template("storm in the garden", "train", "plants", {"a": (4, 20), "b": (5, 25), "c": (6, 60)},
             "{name}'s garden has {a} rows with {b} {things} in each row. A storm ruins {c} of the {things}. How many "
             "{things} are left?",
             (("planted", "a * b", "The garden had {work} {things}."),
              ("left", "planted - c", "After the storm {work} {things} are left."))),
    Template("weekly savings", "train", "", {"a": (6, 45), "b": (4, 26), "c": (15, 150, 5)},
             "{name} saves ${a} a week for {b} weeks and then spends ${c} on a birthday gift. How many dollars does "
             "{name} have left?",
             (("saved", "a * b", "{name} saves {money}."),
              ("left", "saved - c", "After the gift {he} has {money} left."))),
    Template("pooled bags", "train", "toys", {"a": (12, 90), "b": (12, 90), "c": (3, 10)},
             "{name} has {a} {things} and {other} has {b}. They put them together and fill {c} bags with the same "
             "number of {things}. How many {things} are in each bag?",
             (("all", "a + b", "Together they have {work} {things}."),
              ("each", "all / c", "Each bag holds {work} {things}."))),
    Template("rest of a book", "train", "", {"a": (120, 480, 4), "b": (20, 200, 2), "c": (4, 14)},
             "A book has {a} pages. {name} has read {b} pages and wants to finish the rest in {c} days, with the same "
             "number of pages every day. How many pages a day is that?",
             (("rest", "a - b", "{name} still has {work} pages to read."),
              ("daily", "rest / c", "That is {work} pages a day."))),
    Template("way to school", "train", "", {"a": (40, 600, 20), "p": (10, 80, 5)},
             "{name}'s school has {a} pupils. {p} percent of them walk to school, and the others take the bus. How "
             "many pupils take the bus?",
             (("walking", "a * p / 100", "{work} pupils walk to school."),
              ("bus", "a - walking", "So {work} pupils take the bus."))),
    Template("bicycle tour", "heldout", "", {"a": (8, 18), "b": (2, 7), "c": (4, 30)},
             "{name} cycles at {a} miles an hour for {b} hours, rests, and cycles {c} more miles. How many miles does "
             "{name} cycle in all?",
             (("before", "a * b", "Before the rest {name} cycles {work} miles."),
              ("total", "before + c", "In all {he} cycles {work} miles."))),
    Template("egg cartons", "heldout", "", {"a": (12, 60), "b": (4, 7), "c": (6, 18, 2)},
             "{name} keeps {a} hens, and each hen lays {b} eggs a week. The eggs are packed in cartons of {c}. How "
             "many cartons are filled each week?",
             (("eggs", "a * b", "The hens lay {work} eggs a week."),
              ("cartons", "eggs / c", "They fill {work} cartons."))),
    Template("nearly twice as old", "heldout", "", {"a": (9, 40), "b": (3, 15)},
             "{name} is {a} years old. {other} is {b} years younger than twice {name}'s age. How many years old is "
             "{other}?",
             (("double", "a * 2", "Twice {name}'s age is {work} years."),
              ("age", "double - b", "So {other} is {work} years old."))),
    # Three steps.
    Template("legs on a farm", "train", "", {"a": (5, 60), "b": (6, 80)},
             "{name}'s farm has {a} cows and {b} ducks. How many legs do these animals have altogether?",
             (("cows", "a * 4", "The cows have {work} legs."),
              ("ducks", "b * 2", "The ducks have {work} legs."),
              ("total", "cows + ducks", "Altogether they have {work} legs."))),
    Template("two kinds", "train", "goods", {"a": (2, 12), "b": (3, 20), "c": (3, 15), "d": (2, 9)},
             "{name} buys {a} {things} for ${b} each and {c} cards for ${d} each. How many dollars does {name} pay in "
             "all?",
             (("first", "a * b", "The {things} cost {money}."),
              ("second", "c * d", "The cards cost {money}."),
              ("total", "first + second", "In all {name} pays {money}."))),
    Template("profit", "train", "goods", {"a": (6, 40), "b": (3, 18), "c": (8, 35)},
             "{name} buys {a} {things} for ${b} each and sells all of them for ${c} each. How many dollars of profit "
             "does {name} make?",
             (("spent", "a * b", "{name} spends {money}."),
              ("taken", "a * c", "{name} takes in {money}."),
              ("profit", "taken - spent", "The profit is {money}."))),
    Template("working week", "train", "", {"a": (4, 9), "b": (3, 6), "c": (11, 32), "d": (40, 300, 10)},
             "{name} works {a} hours a day on {b} days of the week and earns ${c} an hour. {He} spends ${d} on "
             "groceries. How many dollars are left?",
             (("hours", "a * b", "{name} works {work} hours."),
              ("pay", "hours * c", "{He} earns {money}."),
              ("left", "pay - d", "After the groceries {money} are left."))),
    Template("plates for guests", "train", "baking", {"a": (24, 160, 2), "b": (3, 20), "c": (3, 9)},
             "{name} bakes {a} {things}, gives half of them to neighbors, and eats {b} with {his} family. The rest are "
             "put on {c} plates, with the same number on each. How many {things} are on each plate?",
             (("half", "a / 2", "After giving half away {name} has {work} {things}."),
              ("rest", "half - b", "After the family has eaten, {work} {things} are left."),
              ("plate", "rest / c", "Each plate holds {work} {things}."))),
    Template("city bus", "train", "", {"a": (18, 50), "b": (4, 16), "c": (3, 9)},
             "{name} drives a bus that sets off with {a} passengers. At the first stop {b} get off and {c} get on. At "
             "the second stop twice as many get on as at the first stop, and nobody gets off. How many passengers are "
             "on the bus then?",
             (("first", "a - b + c", "After the first stop there are {work} passengers."),
              ("second", "c * 2", "At the second stop {work} passengers get on."),
              ("total", "first + second", "Then there are {work} passengers on the bus."))),
    Template("school trip", "train", "", {"a": (3, 12), "b": (20, 32, 4), "p": (25, 75, 25)},
             "{name}'s school has {a} classes with {b} pupils each. {p} percent of the pupils go on a trip to the "
             "coast. How many pupils stay at school?",
             (("pupils", "a * b", "The school has {work} pupils."),
              ("going", "pupils * p / 100", "{work} pupils go on the trip."),
              ("staying", "pupils - going", "So {work} pupils stay at school."))),
    Template("floor tiles", "heldout", "", {"a": (8, 30), "b": (6, 24), "c": (2, 6), "d": (3, 14)},
             "The floor of {name}'s kitchen is {a} feet long and {b} feet wide. One tile covers {c} square feet and "
             "costs ${d}. How many dollars do the tiles for the whole floor cost?",
             (("area", "a * b", "The floor measures {work} square feet."),
              ("tiles", "area / c", "It takes {work} tiles."),
              ("cost", "tiles * d", "The tiles cost {money}."))),
    Template("new bicycle", "heldout", "", {"a": (120, 480, 10), "b": (20, 110, 5), "c": (10, 25, 5), "d": (2, 4)},
             "{name} wants a bicycle that costs ${a} and already has ${b}. {He} earns ${c} for every lawn {he} mows, "
             "and each lawn takes {d} hours. For how many hours must {name} mow lawns?",
             (("missing", "a - b", "{name} still needs {money}."),
              ("lawns", "missing / c", "{He} must mow {work} lawns."),
              ("hours", "lawns * d", "That takes {work} hours."))),
    Template("three days of reading", "heldout", "", {"a": (12, 60), "b": (4, 40)},
             "{name} reads {a} pages on Monday, twice as many on Tuesday, and {b} fewer pages on Wednesday than on "
             "Tuesday. How many pages does {name} read in the three days?",
             (("tuesday", "a * 2", "On Tuesday {name} reads {work} pages."),
              ("wednesday", "tuesday - b", "On Wednesday {he} reads {work} pages."),
              ("total", "a + tuesday + wednesday", "In the three days {he} reads {work} pages."))),
    # Four steps.
    Template("concert", "train", "", {"a": (20, 150, 5), "b": (8, 20), "c": (10, 90, 5), "d": (3, 7),
                                      "e": (100, 600, 50)},
             "For {name}'s concert, {a} adult tickets at ${b} and {c} child tickets at ${d} are sold. The hall costs "
             "${e}. How many dollars remain after paying for the hall?",
             (("adults", "a * b", "The adult tickets bring {money}."),
              ("children", "c * d", "The child tickets bring {money}."),
              ("income", "adults + children", "Together that is {money}."),
              ("rest", "income - e", "After paying for the hall {money} remain."))),
    Template("goat milk", "train", "", {"a": (4, 20), "b": (2, 4), "c": (3, 10), "d": (2, 6)},
             "{name} milks {a} goats, and each goat gives {b} liters a day. The family keeps {c} liters a day and "
             "sells the rest for ${d} a liter. How many dollars does the milk bring in a week of 7 days?",
             (("milk", "a * b", "The goats give {work} liters a day."),
              ("sold", "milk - c", "The family sells {work} liters a day."),
              ("daily", "sold * d", "That brings {money} a day."),
              ("weekly", "daily * 7", "In a week it brings {money}."))),
    Template("library shelves", "train", "", {"a": (8, 40), "b": (15, 45), "c": (20, 120, 5)},
             "The library in {name}'s town has {a} shelves with {b} books each. It gives {c} old books away and buys "
             "twice as many new ones. How many books does it have then?",
             (("books", "a * b", "At first the library has {work} books."),
              ("left", "books - c", "After giving some away it has {work} books."),
              ("bought", "c * 2", "It buys {work} new books."),
              ("total", "left + bought", "Then it has {work} books."))),
    Template("road trip", "train", "", {"a": (80, 300, 20), "b": (2, 8), "c": (20, 40, 5), "d": (3, 5),
                                        "e": (100, 400, 20)},
             "{name} drives {a} miles a day for {b} days. The car goes {c} miles on a gallon of gas, and a gallon "
             "costs ${d}. {name} has put ${e} aside for gas. How many dollars of it are left after the trip?",
             (("miles", "a * b", "{name} drives {work} miles."),
              ("gallons", "miles / c", "The car needs {work} gallons."),
              ("cost", "gallons * d", "The gas costs {money}."),
              ("left", "e - cost", "After the trip {money} are left."))),
    Template("pizza night", "train", "", {"a": (6, 40, 2), "b": (2, 5), "c": (6, 12, 2), "d": (8, 18)},
             "{name} and {other} invite {a} guests. Each guest eats {b} slices of pizza. A pizza has {c} slices and "
             "costs ${d}. The two hosts, who eat nothing, share the cost equally. How many dollars does each host pay?",
             (("slices", "a * b", "The guests eat {work} slices."),
              ("pizzas", "slices / c", "That takes {work} pizzas."),
              ("cost", "pizzas * d", "The pizzas cost {money}."),
              ("each", "cost / 2", "Each host pays {money}."))),
    Template("workshop", "train", "goods", {"a": (5, 30, 5), "b": (4, 10), "c": (3, 6), "p": (2, 10, 2)},
             "{name}'s workshop makes {a} {things} an hour and works {b} hours a day. {p} percent of the {things} made "
             "in {c} days have a flaw, and the others are sold. How many {things} are sold?",
             (("daily", "a * b", "The workshop makes {work} {things} a day."),
              ("made", "daily * c", "In {c} days it makes {work} {things}."),
              ("flawed", "made * p / 100", "Of these, {work} have a flaw."),
              ("sold", "made - flawed", "So {work} {things} are sold."))),
    Template("flower stall", "train", "flowers", {"a": (4, 18), "b": (6, 20), "c": (3, 15), "d": (6, 20), "e": (3, 12)},
             "{name} plants {a} rows of {b} {things} and {c} rows of {d} irises. When they bloom, {he} ties all the "
             "flowers into bunches of {e}. How many bunches does {name} tie?",
             (("first", "a * b", "{name} plants {work} {things}."),
              ("second", "c * d", "{He} plants {work} irises."),
              ("flowers", "first + second", "That is {work} flowers."),
              ("bunches", "flowers / e", "{He} ties {work} bunches."))),
    Template("three siblings", "heldout", "toys", {"a": (8, 40), "b": (3, 24)},
             "{name} has {a} {things}. {His} brother has twice as many, and {his} sister has {b} fewer than {his} "
             "brother. They share all of them equally among the three. How many {things} does each of them get?",
             (("brother", "a * 2", "The brother has {work} {things}."),
              ("sister", "brother - b", "The sister has {work} {things}."),
              ("all", "a + brother + sister", "Together they have {work} {things}."),
              ("each", "all / 3", "Each of them gets {work} {things}."))),
    Template("summer job", "heldout", "", {"a": (120, 480, 20), "b": (4, 12), "c": (200, 900, 50), "d": (50, 300, 10)},
             "{name} earns ${a} a week for {b} weeks and pays ${c} for rent in that time. {He} puts half of what "
             "remains into a savings account that already holds ${d}. How many dollars are in the account then?",
             (("earned", "a * b", "{name} earns {money}."),
              ("rest", "earned - c", "After the rent {he} has {money}."),
              ("half", "rest / 2", "{He} saves {money}."),
              ("account", "d + half", "Then the account holds {money}."))),
    Template("water tank", "heldout", "", {"a": (200, 900, 20), "b": (8, 30), "c": (5, 20), "d": (10, 60, 5)},
             "{name} has an empty tank that holds {a} liters. A pump fills in {b} liters a minute for {c} minutes, and "
             "then {d} liters leak out. The leak is closed. For how many more minutes must the pump run to fill "
             "the tank?",
             (("pumped", "b * c", "The pump fills in {work} liters."),
              ("inside", "pumped - d", "After the leak there are {work} liters in the tank."),
              ("missing", "a - inside", "So {work} liters are missing."),
              ("minutes", "missing / b", "The pump must run for {work} more minutes."))),
)
