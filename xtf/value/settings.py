"""The inputs of the return: each a lowest, a likely and a highest value, with unit and range.

Defaults are round assumptions, no measurements; where a run has measured figures `xtf.value.measured` puts them in.
"""

import unicodedata
from typing import Any, Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from xtf.config import Settings

AnySpread = TypeVar("AnySpread", bound="Spread")
_LONGEST = 8  # letters of a currency
_LOW = "The lowest value that you would still believe."
_LIKELY = "The value that you would bet on."
_HIGH = "The highest value that you would still believe."


class Spread(Settings):
    """A figure that is not known exactly. As text `low,likely,high`, or one number where it is."""

    low: float = Field(description=_LOW, allow_inf_nan=False)
    likely: float = Field(description=_LIKELY, allow_inf_nan=False)
    high: float = Field(description=_HIGH, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str | int | float):
            return value
        try:
            parts = [float(part) for part in str(value).split(",")]
        except ValueError:
            parts = []
        if len(parts) not in (1, 3):
            raise ValueError("give one number, or three as LOW,LIKELY,HIGH")
        return dict(zip(ENDS, parts * (3 if len(parts) == 1 else 1), strict=True))

    @model_validator(mode="after")
    def _ordered(self: AnySpread) -> AnySpread:
        if not self.low <= self.likely <= self.high:
            raise ValueError("the lowest value must not be above the likely one, nor this above the highest")
        return self

    def __str__(self) -> str:
        numbers = [f"{value:.10g}" for value in (self.low, self.likely, self.high)]
        return numbers[0] if len(set(numbers)) == 1 else ",".join(numbers)

    @property
    def known(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high


ENDS = tuple(Spread.model_fields)


class Amount(Spread):
    """Nothing or more."""

    low: float = Field(ge=0, description=_LOW, allow_inf_nan=False)
    likely: float = Field(ge=0, description=_LIKELY, allow_inf_nan=False)
    high: float = Field(ge=0, description=_HIGH, allow_inf_nan=False)


class Rate(Spread):
    """What other figures are divided by: never nothing."""

    low: float = Field(ge=0.01, description=_LOW, allow_inf_nan=False)
    likely: float = Field(ge=0.01, description=_LIKELY, allow_inf_nan=False)
    high: float = Field(ge=0.01, description=_HIGH, allow_inf_nan=False)


_SHARE: dict[str, Any] = {"unit": "share"}


class Part(Spread):
    """A share of something, in [0, 1]."""

    low: float = Field(ge=0, le=1, description=_LOW, json_schema_extra=_SHARE)
    likely: float = Field(ge=0, le=1, description=_LIKELY, json_schema_extra=_SHARE)
    high: float = Field(ge=0, le=1, description=_HIGH, json_schema_extra=_SHARE)


def moved(spread: AnySpread, end: str, value: float) -> AnySpread:
    """The same with one end at `value`; the others give way where they would be on its wrong side."""
    place, values = ENDS.index(end), [spread.low, spread.likely, spread.high]
    values = [min(other, value) if number < place else max(other, value) if number > place else value
              for number, other in enumerate(values)]
    return spread.model_copy(update=dict(zip(ENDS, values, strict=True)))


def _of(kind: type[AnySpread], low: float, likely: float, high: float) -> AnySpread:
    return kind(low=low, likely=likely, high=high)


def _unit(unit: str) -> dict[str, Any]:
    return {"unit": unit}


class ValueSettings(Settings):
    """Everything that the return is worked out from. CURRENCY in a unit stands for the one that is chosen."""

    currency: str = Field("USD", description="In which all money is: up to eight letters, or a sign.")
    @field_validator("currency", mode="before")
    @classmethod
    def _currency(cls, value: Any) -> Any:
        kinds = [unicodedata.category(sign) for sign in str(value).rstrip(".")]
        if not 0 < len(str(value)) <= _LONGEST or not kinds or any(kind[0] != "L" and kind != "Sc" for kind in kinds):
            raise ValueError("give up to eight letters, such as EUR, or a currency's sign")
        return value

    gpu_price: Amount = Field(
        _of(Amount, 1, 2, 4), json_schema_extra=_unit("CURRENCY an hour"),
        description="One hour of the machine on which the speeds below are reached, such as one rented GPU.")
    fine_tunes: Amount = Field(
        _of(Amount, 2, 4, 8), json_schema_extra=_unit("a month"), description="Fine-tunes that are run in a month.")
    tokens: Amount = Field(
        _of(Amount, 5e6, 1e7, 2e7), json_schema_extra=_unit("tokens"),
        description="Tokens of one fine-tune's data, prompts included, read once.")
    epochs: Amount = Field(
        _of(Amount, 3, 3, 3), json_schema_extra=_unit("passes"), description="How often one fine-tune reads its data.")
    train_speed: Rate = Field(
        _of(Rate, 1000, 3000, 10_000), json_schema_extra=_unit("tokens a second"),
        description="Tokens that plain fine-tuning reads in a second on that machine.")
    score_speed: Rate = Field(
        _of(Rate, 3000, 10_000, 30_000), json_schema_extra=_unit("tokens a second"),
        description="Tokens that XTF scores in a second on that machine.")
    rescored: Part = Field(
        _of(Part, 1, 1, 1), json_schema_extra=_SHARE,
        description="Share of the fine-tunes whose data has to be scored first; data that stays the same with the same "
                    "model is scored once.")
    time_by: Literal["kept", "ratio"] = Field(
        "kept", description="How long a fine-tune on the kept tokens takes: kept works it out from the kept share, "
                            "ratio takes it as measured, or as given.")
    time_ratio: Amount = Field(
        _of(Amount, 1, 1, 1), json_schema_extra=_unit("× plain fine-tuning"),
        description="Time of a fine-tune on the kept tokens, as a multiple of plain fine-tuning on all. Below 1 it "
                    "saves time. Counts with time_by ratio.")
    kept_share: Part = Field(
        _of(Part, 1, 1, 1), json_schema_extra=_SHARE,
        description="Share of the response tokens that the thresholds keep. Counts with time_by kept.")
    head_share: Part = Field(
        _of(Part, 0, 0, 0), json_schema_extra=_SHARE,
        description="Share of a training step that a dropped token saves, for it alone: that of the LM head and the "
                    "loss, in a trainer that leaves these out. With labels of -100 alone nothing is left out: 0.")
    cleaning_hours: Amount = Field(
        _of(Amount, 10, 20, 40), json_schema_extra=_unit("hours a month"),
        description="People's hours that go into cleaning fine-tuning data.")
    cleaning_saved: Part = Field(
        _of(Part, 0, 0, 0), json_schema_extra=_SHARE,
        description="Share of these hours that XTF would make unnecessary. Nothing here measures it: XTF finds what is "
                    "uninformative, not what is wrong.")
    review_hours: Amount = Field(
        _of(Amount, 1, 2, 4), json_schema_extra=_unit("hours each"),
        description="People's hours to look at verdicts and settle thresholds for a fine-tune.")
    salary: Amount = Field(
        _of(Amount, 60_000, 80_000, 100_000), json_schema_extra=_unit("CURRENCY a year"),
        description="What one person costs in a year, with the employer's part.")
    work_hours: Rate = Field(
        _of(Rate, 1600, 1600, 1600), json_schema_extra=_unit("hours a year"),
        description="Hours that this person works in a year.")
    accuracy: Spread = Field(
        _of(Spread, 0, 0, 0), json_schema_extra=_unit("points"),
        description="How many more per cent of the answers are right than after plain fine-tuning.")
    point_value: Amount = Field(
        _of(Amount, 0, 0, 0), json_schema_extra=_unit("CURRENCY a month"),
        description="What one more point of accuracy is worth to you in a month.")
    setup_hours: Amount = Field(
        _of(Amount, 40, 80, 160), json_schema_extra=_unit("hours, once"),
        description="People's hours to take XTF into your process.")
    months: int = Field(12, ge=1, le=120, json_schema_extra=_unit("months"),
                        description="Over so many months the hours of setting up are spread.")


#: The inputs that are ranges, in order.
SPREADS: dict[str, type[Spread]] = {name: field.annotation for name, field in ValueSettings.model_fields.items()
                                    if isinstance(field.annotation, type) and issubclass(field.annotation, Spread)}


def unit(name: str, currency: str) -> str:
    """An input's unit in words: `USD an hour`; a share is shown in per cent."""
    extra = ValueSettings.model_fields[name].json_schema_extra
    found = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
    return "%" if found == "share" else found.replace("CURRENCY", currency)
