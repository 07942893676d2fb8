"""Verdicts by hand: by class, by type, by span."""

from typing import Annotated, Literal

from pydantic import Field

from xtf.config.base import Settings

Role = Literal["words", "numbers", "operators", "punctuation", "code", "whitespace", "special", "other"]


class ByHand(Settings):
    """What all overrides share: a verdict that a person gives, and where it comes from (never by whom)."""

    action: Literal["keep", "drop"] = Field(description="keep: never drop these tokens; drop: always.")
    created: str = Field("", description="When, ISO 8601 in UTC.")
    note: str = Field("", max_length=500, description="Why, in a few words.")


class ByClass(ByHand):
    """All tokens that play one role in the text (`xtf.roles`)."""

    by: Literal["class"] = "class"
    role: Role = Field(description="Class of tokens.")


class ByType(ByHand):
    """All tokens of one vocabulary id."""

    by: Literal["type"] = "type"
    token: int = Field(ge=0, description="Vocabulary id.")
    text: str = Field("", description="Its decoded text: where a run's tokenizer gives another one, it does not count.")


class BySpan(ByHand):
    """The tokens that share a character with a stretch of one example."""

    by: Literal["span"] = "span"
    example: str = Field(description="The example's id.")
    start: int = Field(ge=0, description="First character of the example's text.")
    end: int = Field(ge=1, description="The character after the last.")
    quote: str = Field("", description="These characters: where the example says something else, it does not count.")


Override = Annotated[ByClass | ByType | BySpan, Field(discriminator="by")]
