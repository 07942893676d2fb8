"""Rules: how an attribute's scores become failures."""

from typing import Annotated, Literal

from pydantic import Field

from xtf.config.base import Settings

Scope = Literal["example", "dataset"]
Share = Annotated[float, Field(ge=0, le=1)]


class RuleSettings(Settings):
    """What all rules share: an optional cap on what may be dropped from one response."""

    cap: Share | None = Field(None, description="Drop at most this share of a response by this attribute.",
                              json_schema_extra={"unit": "share"})
    cap_ties: Literal["position", "published"] = Field(
        "position", description="position: ties break by position; published: strictly below the order statistic, "
                                "as the published code does.")


class Off(RuleSettings):
    """Drops nothing."""

    kind: Literal["off"] = "off"


class Cutoff(RuleSettings):
    """Absolute: novelty drops p above it, the other attributes drop scores below it."""

    kind: Literal["cutoff"] = "cutoff"
    value: float = Field(0.95, description="Cutoff, in the score's own unit.")


class Quantile(RuleSettings):
    """Drops scores below (novelty: p above) a percentile, linearly interpolated."""

    kind: Literal["quantile"] = "quantile"
    share: Share = Field(0.02, description="Share of the tokens below the threshold.",
                         json_schema_extra={"unit": "share"})
    scope: Scope = Field("example", description="Percentile of each response, or of all responses together.")


class Fence(RuleSettings):
    """Drops outliers: below Q1 - k·IQR (novelty: p above Q3 + k·IQR)."""

    kind: Literal["fence"] = "fence"
    k: float = Field(1.0, ge=0, description="Width of the fence.", json_schema_extra={"unit": "× IQR"})
    scope: Scope = Field("example", description="Quartiles of each response, or of all responses together.")


class Otsu(RuleSettings):
    """Drops one cluster of a multi-Otsu clustering over the dataset; cluster 0 has the lowest scores."""

    kind: Literal["otsu"] = "otsu"
    classes: int = Field(5, ge=2, le=5, description="Number of clusters.")
    drop: int = Field(1, ge=0, le=4, description="Cluster that is dropped, 0 = lowest.")
    scope: Literal["dataset", "dataset+prompts", "example"] = Field(
        "dataset", description="Cluster all response tokens, prompt tokens too, or each response by itself.")


Rule = Annotated[Off | Cutoff | Quantile | Fence | Otsu, Field(discriminator="kind")]
RULES: dict[str, type[RuleSettings]] = {"off": Off, "cutoff": Cutoff, "quantile": Quantile, "fence": Fence,
                                        "otsu": Otsu}
#: The field of each rule that says where it cuts, and that a flag such as --novelty-cutoff sets.
MAIN_FIELD = {"cutoff": "value", "quantile": "share", "fence": "k", "otsu": "drop"}
ATTRIBUTES = ("reasoning", "novelty", "relevance")
