"""Thresholds, which decide what is kept, and the three presets of them."""

from typing import Any, Literal

from pydantic import Field

from xtf.config.base import Settings
from xtf.config.by_hand import Override
from xtf.config.rules import ATTRIBUTES, RULES, Cutoff, Fence, Otsu, Quantile, Rule
from xtf.config.strategies import STRATEGY_SETTINGS, AnyStrategy, Xtf

ReasoningScore = Literal[
    "received_mean", "received_mean_adjusted", "received_first", "received_first_adjusted",
    "received_last", "received_last_adjusted", "received_last_third", "received_last_third_adjusted",
    "received_list", "received_list_adjusted", "row_mean"]


class Thresholds(Settings):
    """Everything that decides which trainable tokens are kept. The defaults are the preset `corrected`."""

    reasoning_score: ReasoningScore = Field("received_mean_adjusted",
                                            description="Column that measures reasoning importance.")
    reasoning: Rule = Field(Quantile(share=0.02), description="Rule for reasoning importance.")
    novelty: Rule = Field(Cutoff(value=0.95), description="Rule for knowledge novelty, in terms of p.")
    relevance_vector: Literal["embedding", "hidden"] = Field(
        "embedding", description="Token vector: input embedding, or last hidden state of the token fed alone.")
    relevance_domain: Literal["dataset", "words", "both"] = Field(
        "dataset", description="Domain vector: mean over the dataset's tokens, over domain words, or the average of "
                               "both similarities.")
    relevance_distance: Literal["normalised", "raw"] = Field(
        "normalised", description="1 - min-max normalised cosine distance over the token types in use, or the raw "
                                  "cosine similarity.")
    relevance_key: Literal["id", "text"] = Field(
        "id", description="What makes two tokens the same: vocabulary id, or decoded and stripped text (first seen "
                          "wins).")
    relevance: Rule = Field(Otsu(classes=5, drop=1), description="Rule for task relevance.")
    combine: Literal["any", "two", "all"] = Field(
        "any", description="Drop a token that fails any attribute, at least two, or all three.")
    protect_eos: bool = Field(True, description="Never drop the end-of-turn token.")
    protect_final_answer: bool = Field(True, description="Never drop the line that states the final answer.")
    insist: bool = Field(False, description="Use scores even where they are found uninformative.")
    strategy: AnyStrategy = Field(Xtf(), description="How tokens are chosen: by these three rules (xtf), or in another "
                                                     "way that they are compared with.")
    overrides: tuple[Override, ...] = Field(
        (), description="Verdicts by hand. A span goes before a type, a type before the two protections, these before "
                        "a class, a class before the rules; of equals the last counts.")


#: The fields that are one of several kinds, each with fields of its own.
KINDS: dict[str, dict[str, type[Any]]] = {**dict.fromkeys(ATTRIBUTES, RULES), "strategy": STRATEGY_SETTINGS}

PRESETS: dict[str, tuple[str, Thresholds]] = {
    "corrected": (
        "The paper's method with its open choices mended: position-adjusted attention, a quantile that drops "
        "something, EOS and the final answer protected. The default.",
        Thresholds()),
    "paper": (
        "As the paper's text says: raw attention with the Q1 - 1.0·IQR fence, p > 0.95, second-lowest of five Otsu "
        "clusters. With honest attention its fence drops almost nothing.",
        Thresholds(reasoning_score="received_mean", reasoning=Fence(k=1.0), protect_eos=False,
                   protect_final_answer=False)),
    "published-code": (
        "What the published code computes, for parity only: its reasoning score is a constant, so what that drops is "
        "rounding noise.",
        Thresholds(reasoning_score="row_mean", reasoning=Fence(k=1.5, cap=0.05, cap_ties="published"),
                   novelty=Cutoff(value=0.95, cap=0.10, cap_ties="published"),
                   relevance_vector="hidden", relevance_domain="words", relevance_distance="raw", relevance_key="text",
                   relevance=Otsu(classes=5, drop=0, scope="dataset+prompts", cap=0.05, cap_ties="published"),
                   protect_eos=False, protect_final_answer=False, insist=True)),
}
