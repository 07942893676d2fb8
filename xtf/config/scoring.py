"""What is scored: the data, the model, and what a run holds."""

from typing import Literal

from pydantic import Field

from xtf.config.base import Settings

DataFormat = Literal["auto", "prompt-response", "messages", "alpaca", "sharegpt",
                     "gsm8k", "pubmedqa", "humaneval", "codeexercise", "fiqa", "numinamath"]
Domain = Literal["auto", "maths", "code", "medicine", "finance"]


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
