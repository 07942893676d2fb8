"""Typed settings. One field is one command-line flag and one form widget, with its help, unit and range.

Built on pydantic: every fault of a form or command is reported at once, in words (`settings`).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from xtf.errors import SettingsError

DataFormat = Literal["auto", "prompt-response", "messages", "alpaca", "sharegpt",
                     "gsm8k", "pubmedqa", "humaneval", "codeexercise", "fiqa", "numinamath"]
Domain = Literal["auto", "maths", "code", "medicine", "finance"]


class Settings(BaseModel):
    """Base of all settings: frozen, and unknown fields are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


AnySettings = TypeVar("AnySettings", bound=Settings)


def settings(kind: type[AnySettings], values: Mapping[str, Any]) -> AnySettings:
    """`values` as settings of `kind`. Raises: SettingsError naming every faulty field in one sentence."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'settings'}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
                  for fault in error.errors(include_url=False)]
        raise SettingsError("Settings out of order: " + "; ".join(faults) + ".") from error


class DataSettings(Settings):
    """Which examples, and how they become text."""

    data: str = Field("demo", description="File, folder, hub id, or demo for the embedded maths problems.")
    split: str = Field("train", description="Split to read where the source has several.")
    config: str | None = Field(None, description="Configuration (subset) of a hub dataset.")
    format: DataFormat = Field("auto", description="How rows become messages; auto recognises it from the columns.")
    prompt_column: str | None = Field(None, description="Column that holds the prompt (prompt-response format).")
    response_column: str | None = Field(None, description="Column that holds the response (prompt-response format).")
    limit: int | None = Field(None, ge=1, description="Use the first so many examples.",
                              json_schema_extra={"unit": "examples"})
    template: str = Field("auto", description="auto: the tokenizer's chat template; none: prompt and response joined "
                                              "as they are; or a file with a Jinja template.")
    eos: bool = Field(True, description="Append the end-of-turn token to each response and train it.")
    max_length: int | None = Field(None, ge=2, description="Longest example; the model's context if not given.",
                                   json_schema_extra={"unit": "tokens"})
    too_long: Literal["error", "truncate", "skip"] = Field(
        "error", description="What to do with a longer example: stop and say so, cut its end off, or leave it out.")
    empty: Literal["error", "skip"] = Field(
        "error", description="What to do with an empty response: stop and say so, or leave the example out.")
    domain: Domain = Field("auto", description="List of domain words for task relevance by words; auto takes the list "
                                               "that the examples use most.")


class ModelSettings(Settings):
    """Which model, and how it is loaded."""

    model: str = Field("embedded", description="embedded, a hub id, a local folder (safetensors) or a GGUF file.")
    revision: str | None = Field(None, description="Branch, tag or commit of a hub model.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Number format; auto takes bfloat16 where the device is good at it.")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps …")
    trust_remote_code: bool = Field(False, description="Run Python code that comes with the model. Only for sources "
                                                       "that you trust.")


class ScoreSettings(DataSettings, ModelSettings):
    """Everything that decides what a run holds."""

    layers: str | None = Field(None, description="Extra layer list for reasoning importance, such as 0,5,10-14; mean "
                                                 "of all, first, last and last third are always stored.")
    batch_tokens: int = Field(2048, ge=1, le=1 << 20, description="Padded tokens in one batch.",
                              json_schema_extra={"unit": "tokens"})


class OtherTokenizer(Settings):
    """Which other tokenizer the verdicts are carried to, and how the data is rendered for its model."""

    tokenizer: str = Field(description="Hub id, local folder or GGUF file of the model that will be trained; only its "
                                       "tokenizer is read.")
    revision: str | None = Field(None, description="With --for-tokenizer: its branch, tag or commit on the hub.")
    trust_remote_code: bool = Field(False, description="With --for-tokenizer: run Python code that comes with it.")
    template: str | None = Field(None, description="With --for-tokenizer: auto, none or a file; as the run was scored "
                                                   "if not given, auto being the other tokenizer's chat template.")
    max_length: int | None = Field(None, ge=2, description="With --for-tokenizer: longest example in its tokens; the "
                                                           "other model's context if not given.",
                                   json_schema_extra={"unit": "tokens"})
    too_long: Literal["error", "truncate", "skip"] | None = Field(
        None, description="With --for-tokenizer: what to do with a longer example; as the run was scored if not given.")


ExportFormat = Literal["hf", "parquet", "jsonl", "text", "messages"]
#: What is looked at before an export or a training (`xtf.preflight`), by name.
Check = Literal["empty", "eos", "special", "length", "assistant_mask", "kept_share", "duplicates", "overlap"]


class ExportSettings(Settings):
    """What an export holds beside the labels, which thresholds decide."""

    format: ExportFormat = Field(
        "hf", description="hf: folder for datasets.load_from_disk; parquet; jsonl; text: messages with the characters "
                          "that are trained, for any tokenizer; messages: messages with training flags.")
    with_weights: bool = Field(False, description="Add loss_weights: 1 for a kept token, 0 for any other.")
    with_scores: bool = Field(False, description="Add the score columns.")
    drop_empty: bool = Field(False, description="Leave out examples without a kept token.")
    drop_duplicates: bool = Field(False, description="Of examples with the same tokens, export the first only.")
    trainer_length: int | None = Field(
        None, ge=2, description="Longest example that the trainer takes; it cuts what is longer. The longest row if "
                                "not given.", json_schema_extra={"unit": "tokens"})
    drop_long: bool = Field(False, description="Leave out examples that the trainer would cut.")
    held_out: str | None = Field(
        None, description="File, folder or hub id of the data to evaluate on, to find examples that are in both.")
    held_out_split: str = Field("test", description="Split of the held-out data where it has several.")
    drop_overlap: bool = Field(False, description="Leave out examples that are in the held-out data, too.")
    allow: tuple[Check, ...] = Field((), description="Export in spite of what this check found. May be given several "
                                                     "times.")


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
    overrides: tuple[Override, ...] = Field(
        (), description="Verdicts by hand. A span goes before a type, a type before the two protections, these before "
                        "a class, a class before the rules; of equals the last counts.")


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
