"""First names, exchanged for others of the same kind: each name for one and the same other throughout an example."""

import random
import re
from collections.abc import Mapping, Sequence

FEMALE = re.findall(r"\w+", """
    Abigail Aisha Alice Alicia Alyssa Amanda Amara Amelia Amina Amy Andrea Angela Anita Anna Anne Annie Aoife
    Ashley Barbara Beatrice Becky Bella Beth Betsy Betty Bianca Brenda Brianna Camila Carla Carmen Carol
    Caroline Cassandra Catherine Cecilia Chloe Christina Cindy Claire Clara Claudia Cynthia Dalia Daniela
    Deborah Diana Diane Donna Dorothy Edith Elena Elif Elizabeth Ella Ellen Emily Emma Erica Esther Eva Evelyn
    Fatima Felicia Fiona Gabriela Gina Gloria Grace Greta Hannah Heather Helen Helena Ida Ingrid Isabella Jane
    Janet Janice Jasmine Jenna Jennifer Jenny Jessica Joanna Josephine Judith Judy Julia Julie Karen Kate
    Katherine Kathleen Katie Kayla Keiko Kelly Kimberly Lara Laura Lauren Leah Lena Lilian Linda Lisa Lucia Lucy
    Luisa Lydia Madeline Mandy Margaret Maria Marie Marta Martha Mary Maya Megan Mei Melanie Melissa Mia
    Michelle Mila Molly Monica Nadia Nancy Naomi Natalia Natalie Nicole Nina Nora Olga Olivia Pamela Patricia
    Paula Priya Quinn Rachel Rebecca Renata Rita Rosa Rosie Sabrina Sally Samantha Sandra Sara Sarah Selena
    Sharon Sheila Shirley Sofia Sonia Sophia Sophie Stacy Stella Stephanie Susan Tamara Tanya Teresa Tessa
    Theresa Tiffany Tina Uma Ursula Valerie Vanessa Vera Veronica Wanda Wanjiru Wendy Yara Yolanda Yvonne Zara
    Zoe""")
MALE = re.findall(r"\w+", """
    Aaron Adam Adrian Ahmed Alan Albert Alejandro Andre Andrew Anthony Antonio Arthur Bashir Ben Benjamin
    Bernard Bob Bobby Brad Brandon Brian Bruce Caleb Calvin Cameron Carl Charlie Christopher Colin Connor Craig
    Daniel Danny Darren Dave David Derek Diego Dmitri Donald Dylan Eddie Edward Eli Elijah Emil Eric Ethan
    Eugene Farid Felix Fernando Finn Francisco Fred Gabriel Gary George Gerald Gordon Greg Gregory Harold Harry
    Hector Henry Howard Hugo Ian Isaac Ivan Jacob Jake Jamal James Jared Jason Jeff Jeffrey Jeremy Jerome Jerry
    Jim Jimmy Joe Joel John Johnny Jonathan Jose Joseph Josh Joshua Juan Julian Justin Karl Keith Kenneth Kevin
    Kyle Larry Leo Leon Leonard Liam Logan Louis Lucas Luis Luke Manuel Marcus Mario Martin Marvin Matt Matthew
    Michael Miguel Mike Mohamed Nathan Nicholas Nikhil Noah Oliver Omar Oscar Owen Pablo Patrick Paul Pedro
    Peter Philip Rafael Ralph Randy Rashid Raymond Richard Robert Roberto Roger Ronald Russell Ryan Sam Samuel
    Scott Sean Sebastian Sergio Seth Simon Stanley Stephen Steve Steven Stuart Ted Terrence Thomas Tim Timothy
    Tobias Todd Tom Tomas Tommy Tony Trevor Tyler Victor Vincent Walter Wesley William Xavier Zachary Zeke""")
_KIND = {name: kind for kind in (FEMALE, MALE) for name in kind}
_NAME = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(_KIND, key=len, reverse=True))})(?![\w-])")
#: What makes a name part of another one, or no person's at all: San Diego, Uncle Sam, the Ryan score, "John".
_BEFORE = (r"(?:\b(?:San|Santa|Saint|St\.?|Lake|Mount|Mt\.?|Port|Fort|Cape|King|Queen|Prince|Princess|Pope|Mother|"
           r"Uncle Sam|the|an?)\s+|[\w\-\"“])")
_AFTER = (r"(?:[\w\-\"”]|\s+[A-Z][a-z]|['’](?!s\b)|\.\w|(?:['’]s)?\s+(?:score|test|equation|syndrome|disease|criteria|"
          r"method|index|scale|sign|classification|law|theorem)\b)")


def others(prompts: Sequence[str], responses: Sequence[str], source: random.Random, both: bool) -> dict[str, str]:
    """Other first names for those of an example: each of its kind (whom the same pronouns suit), and one that no text
    holds. `both`: only for names that stand in prompts and responses, as those of people who are told about do."""
    whole = "\n".join([*prompts, *responses])
    found = [name for name in dict.fromkeys(_NAME.findall(whole)) if _is_person(name, whole)
             and (not both or (_holds(prompts, name) and _holds(responses, name)))]
    chosen: dict[str, str] = {}
    words = set(re.findall(r"\w+", whole.lower()))
    for name in found:
        if free := [other for other in _KIND[name] if not other.endswith("s") and other.lower() not in words]:
            chosen[name] = source.choice(free)
            words.add(chosen[name].lower())
    return chosen


def exchanged(text: str, others: Mapping[str, str]) -> str:
    """The text with names exchanged, possessives and all."""
    return _NAME.sub(lambda match: others.get(match[0], match[0]), text)


def _holds(texts: Sequence[str], name: str) -> bool:
    return any(name in text for text in texts)


def _is_person(name: str, whole: str) -> bool:
    """False where the word is also written small or in capitals, is part of something else's name, or has an apostrophe
    that would not suit another name."""
    bare = re.escape(name)
    return not re.search(rf"\b(?:{name.lower()}|{name.upper()})\b|{_BEFORE}{bare}(?!\w)|{bare}{_AFTER}", whole)
