"""What an export holds, and which checks go before it."""

from typing import Literal

from pydantic import Field

from xtf.config.base import Settings


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
