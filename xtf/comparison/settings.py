"""Settings of a comparison, beside those of its fine-tunes and of its evaluations."""

from pydantic import Field, field_validator, model_validator

from xtf.comparison import variants
from xtf.comparison.budget import NORMAL, Budget
from xtf.config import Settings


class CompareSettings(Settings):
    """Which arms are compared, and on which held-out data."""

    strategies: tuple[str, ...] = Field(
        ("normal", "xtf", "random"), min_length=1,
        description=f"How arms choose tokens: {', '.join(variants.NAMES)}, random-60 (a share in %); separated by "
                    "commas.")
    seeds: int = Field(3, ge=1, le=100, description="Arms of each strategy, with the seed of the fine-tune and those "
                                                    "that follow it.", json_schema_extra={"unit": "seeds"})
    budget: Budget = Field(
        "raw", description="What arms have in common: raw is the same passes over the data; kept as many trained "
                           "tokens as normal; clock the seconds of normal, scoring and other preparation included.")
    held_out: str | None = Field(
        None, description="A finished run, or the file, folder or hub id of data that is scored for this; if not "
                          "given, the split heldout or test of the run's own data.")
    held_out_split: str = Field("test", description="Split of the held-out data where it has several.")
    held_out_examples: int | None = Field(
        None, ge=1, description="Score the first so many examples of the held-out data.",
        json_schema_extra={"unit": "examples"})

    @field_validator("strategies")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if strangers := [name for name in names if not variants.known(name)]:
            raise ValueError(f"there is no strategy {strangers[0]}, only {', '.join(variants.NAMES)} and random-60")
        if len(set(names)) < len(names):
            raise ValueError("each strategy can be named once")
        return names

    @model_validator(mode="after")
    def _measured_by_normal(self) -> "CompareSettings":
        if self.budget != "raw" and NORMAL not in self.strategies:
            raise ValueError(f"at the budget {self.budget} arms are given what normal takes: add the strategy normal")
        return self
