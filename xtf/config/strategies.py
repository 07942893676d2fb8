"""Strategies: the ways to choose which response tokens are trained, each with what can be set about it.

What each one does is in `xtf.strategies`; published defaults, where a method has them.
"""

from typing import Annotated, Literal

from pydantic import Field

from xtf.config.base import Settings
from xtf.config.rules import Share


class StrategySettings(Settings):
    """What all strategies share: nothing but a name."""


class Xtf(StrategySettings):
    """The three attributes by their rules."""

    kind: Literal["xtf"] = "xtf"


class Normal(StrategySettings):
    """Plain fine-tuning."""

    kind: Literal["normal"] = "normal"


class Random(StrategySettings):
    """The control."""

    kind: Literal["random"] = "random"
    keep: Share | None = Field(None, description="Share of the response tokens that is kept; as many as the thresholds "
                                                 "keep if not given.", json_schema_extra={"unit": "share"})
    seed: int = Field(0, ge=0, lt=1 << 32, description="Decides which tokens are drawn.")


class Perplexity(StrategySettings):
    """Data filtering by perplexity."""

    kind: Literal["df-perplexity"] = "df-perplexity"
    drop: Share = Field(0.25, description="Share of the examples that is dropped, those of the highest perplexity.",
                        json_schema_extra={"unit": "share"})


class Ifd(StrategySettings):
    """Data filtering by instruction-following difficulty."""

    kind: Literal["df-ifd"] = "df-ifd"
    drop: Share = Field(0.25, description="Share of the examples that is dropped: those above 1, then the lowest.",
                        json_schema_extra={"unit": "share"})


class Augment(StrategySettings):
    """Data augmentation."""

    kind: Literal["augment"] = "augment"


class _ByReference(StrategySettings):
    """Methods that ask a reference model what can be learnt."""

    keep: Share = Field(0.6, description="Share of the response tokens that is kept, those of the highest excess loss.",
                        json_schema_extra={"unit": "share"})
    reference: str = Field("reference", description="Name of the reference model of this run (xtf prepare).")


class Slm(_ByReference):
    """Selective language modelling (Rho-1)."""

    kind: Literal["slm"] = "slm"


class TokenCleaning(_ByReference):
    """Token cleaning with a fixed reference model."""

    kind: Literal["token-cleaning"] = "token-cleaning"


class SelfEvolving(_ByReference):
    """Token cleaning with a reference model that goes on learning."""

    kind: Literal["self-evolving"] = "self-evolving"


class Stm(StrategySettings):
    """Selective token masking."""

    kind: Literal["stm"] = "stm"
    cutoff: Share = Field(0.4, description="Tokens with a lower p are dropped.",
                          json_schema_extra={"unit": "share"})


class Dft(StrategySettings):
    """Dynamic fine-tuning, by the base model's p."""

    kind: Literal["dft"] = "dft"


class Eaft(StrategySettings):
    """Entropy-adaptive fine-tuning, as a mask."""

    kind: Literal["eaft"] = "eaft"
    drop: Share = Field(0.15, description="Tokens among this share of the lowest by entropy and by p, too, are "
                                          "dropped.", json_schema_extra={"unit": "share"})


class Entropy(StrategySettings):
    """The least certain tokens only."""

    kind: Literal["entropy"] = "entropy"
    keep: Share = Field(0.2, description="Share of the response tokens that is kept, those of the highest entropy.",
                        json_schema_extra={"unit": "share"})


AnyStrategy = Annotated[
    Xtf | Normal | Random | Perplexity | Ifd | Augment | Slm | TokenCleaning | SelfEvolving | Stm | Dft | Eaft
    | Entropy, Field(discriminator="kind")]
STRATEGY_SETTINGS: dict[str, type[StrategySettings]] = {
    kind.model_fields["kind"].default: kind for kind in (
        Xtf, Normal, Random, Perplexity, Ifd, Augment, Slm, TokenCleaning, SelfEvolving, Stm, Dft, Eaft, Entropy)}
