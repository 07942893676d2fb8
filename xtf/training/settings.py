"""Settings of a fine-tune: one field is one flag and one form widget; as YAML for files."""

import math
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from xtf import workspace
from xtf.config import Settings, settings
from xtf.errors import SettingsError


class TrainSettings(Settings):
    """Everything that decides what a fine-tune does, beside its data and labels."""

    method: Literal["lora", "full"] = Field("lora", description="lora trains an adapter, full all weights.")
    rank: int = Field(16, ge=1, le=1024, description="Rank of the LoRA matrices.")
    alpha: int = Field(32, ge=1, description="LoRA scale: updates are multiplied by alpha / rank.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the LoRA matrices.",
                           json_schema_extra={"unit": "share"})
    target_modules: str = Field("all-linear", description="Layers that get an adapter: all-linear (all but the head), "
                                                          "or names such as q_proj,v_proj.")
    learning_rate: float = Field(2e-4, gt=0, description="Highest learning rate.")
    schedule: Literal["linear", "cosine", "constant"] = Field(
        "cosine", description="How the learning rate goes on after the warm-up.")
    epochs: float = Field(3, gt=0, description="Passes over the data.", json_schema_extra={"unit": "passes"})
    batch_examples: int = Field(16, ge=1, description="Examples in one batch, over all devices.",
                                json_schema_extra={"unit": "examples"})
    gradient_accumulation: int = Field(1, ge=1, description="Batches in one step of the optimiser. The loss is "
                                                            "normalised over all their trained tokens.",
                                       json_schema_extra={"unit": "batches"})
    batch_tokens: int = Field(1024, ge=1, description="Padded tokens that go through the model at once; decides memory "
                                                      "and speed, not the result.",
                              json_schema_extra={"unit": "tokens"})
    seed: int = Field(0, ge=0, lt=1 << 32, description="Decides initial adapter weights, data order and dropout.")
    warmup: float = Field(0.03, ge=0, lt=1, description="Share of the steps over which the learning rate rises.",
                          json_schema_extra={"unit": "share"})
    max_grad_norm: float = Field(1.0, ge=0, description="Gradients longer than this are shortened to it; 0 never.")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's decay of the trained weights.")
    group_by_length: bool = Field(True, description="Batches hold examples of similar length, so that little is "
                                                    "padded.")
    gradient_checkpointing: bool = Field(False, description="Less memory for a third more time.")
    checkpoint_steps: int = Field(50, ge=1, description="Steps between checkpoints, from which a fine-tune resumes.",
                                  json_schema_extra={"unit": "steps"})
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps …")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Number format of the frozen weights and of the arithmetic; auto is float32 on a CPU. What "
                            "is trained is float32.")

    def steps(self, examples: int) -> int:
        """Steps of the optimiser over so many examples."""
        return math.ceil(self.epochs * math.ceil(examples / (self.batch_examples * self.gradient_accumulation)))


#: The fields that people set; the others are for those who know why.
IN_SIGHT = ("method", "rank", "alpha", "dropout", "target_modules", "learning_rate", "schedule", "epochs",
            "batch_examples", "batch_tokens", "gradient_accumulation", "seed")
_HEADER = "# Settings of a fine-tune. Use them with: xtf train RUN --config FILE\n"


def to_yaml(chosen: TrainSettings) -> str:
    """All settings as a YAML file, those that people set first."""
    return _HEADER + yaml.safe_dump(chosen.model_dump(), sort_keys=False)


def from_yaml(text: str) -> TrainSettings:
    """Settings of a YAML file; what it leaves out keeps its default. Raises: SettingsError naming every fault."""
    return settings(TrainSettings, values_of(text))


def values_of(text: str) -> dict[str, Any]:
    """The names and values of a YAML file, not looked at yet. Raises: SettingsError."""
    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = str(error).splitlines()[0]
        raise SettingsError(f"These settings of a fine-tune are not readable as YAML: {where}.") from error
    if not isinstance(values, dict):
        raise SettingsError("These settings of a fine-tune are no list of names and values: write lines such as "
                            "rank: 16.")
    return {str(name): value for name, value in values.items()}


def read(path: str) -> dict[str, Any]:
    """`values_of` a file. Raises: SettingsError where it cannot be read."""
    try:
        return values_of(workspace.expanded(Path(path)).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings {path} cannot be read: check the name, and that it is a text file.") \
            from error
