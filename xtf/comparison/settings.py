"""Settings of a comparison, beside those of its fine-tunes and of its evaluations."""

from pydantic import Field, field_validator

from xtf.config import Settings
from xtf.strategies import STRATEGIES
from xtf.training.settings import Strategy


class CompareSettings(Settings):
    """Which arms are compared, and on which held-out data."""

    strategies: tuple[Strategy, ...] = Field(
        ("normal", "xtf", "random"), min_length=1,
        description=f"How arms choose tokens: {', '.join(STRATEGIES)}; separated by commas.")
    seeds: int = Field(3, ge=1, le=100, description="Arms of each strategy, with the seed of the fine-tune and those "
                                                    "that follow it.", json_schema_extra={"unit": "seeds"})
    held_out: str | None = Field(
        None, description="A finished run, or the file, folder or hub id of data that is scored for this; if not "
                          "given, the split heldout or test of the run's own data.")
    held_out_split: str = Field("test", description="Split of the held-out data where it has several.")
    held_out_examples: int | None = Field(
        None, ge=1, description="Score the first so many examples of the held-out data.",
        json_schema_extra={"unit": "examples"})

    @field_validator("strategies")
    @classmethod
    def _different(cls, names: tuple[Strategy, ...]) -> tuple[Strategy, ...]:
        if len(set(names)) < len(names):
            raise ValueError("each strategy can be named once")
        return names
