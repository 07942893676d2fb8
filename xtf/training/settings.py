"""Settings of a fine-tune: one field is one flag and one form widget."""

from typing import Literal

from pydantic import Field

from xtf.config import Settings


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
    warmup: float = Field(0.03, ge=0, lt=1, description="Share of the steps over which the learning rate rises.",
                          json_schema_extra={"unit": "share"})
    epochs: float = Field(3, gt=0, description="Passes over the data.")
    batch_examples: int = Field(16, ge=1, description="Examples in one step of the optimiser, over all devices.",
                                json_schema_extra={"unit": "examples"})
    batch_tokens: int = Field(1024, ge=1, description="Padded tokens that go through the model at once; decides memory "
                                                      "and speed, not the result.",
                              json_schema_extra={"unit": "tokens"})
    max_grad_norm: float = Field(1.0, ge=0, description="Gradients longer than this are shortened to it; 0 never.")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's decay of the trained weights.")
    gradient_checkpointing: bool = Field(False, description="Less memory for a third more time.")
    seed: int = Field(0, ge=0, lt=1 << 32, description="Decides initial adapter weights, data order and dropout.")
    checkpoint_steps: int = Field(50, ge=1, description="Steps between checkpoints, from which a fine-tune resumes.",
                                  json_schema_extra={"unit": "steps"})
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps …")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Number format of the frozen weights and of the arithmetic; auto is float32 on a CPU. What "
                            "is trained is float32.")
