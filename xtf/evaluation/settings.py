"""Settings of an evaluation: one field is one flag and one form widget."""

from typing import Literal

from pydantic import Field, model_validator

from xtf.config import Settings

TaskName = Literal["auto", "none", "maths", "medicine", "code"]


class EvaluationSettings(Settings):
    """Everything that decides what an evaluation finds, beside the model, the held-out run and the thresholds."""

    task: TaskName = Field("auto", description="How answers are marked; auto takes what the held-out data's format "
                                               "says, none only measures the loss and generates.")
    examples: int | None = Field(None, ge=1, description="Evaluate on the first so many held-out examples; all if not "
                                                         "given.", json_schema_extra={"unit": "examples"})
    max_new_tokens: int = Field(256, ge=1, le=1 << 16, description="Longest answer that the model may write.",
                                json_schema_extra={"unit": "tokens"})
    samples: int = Field(1, ge=1, le=1000, description="Answers to each problem; more than one only with a temperature "
                                                       "above 0.", json_schema_extra={"unit": "answers"})
    temperature: float = Field(0.0, ge=0, le=10, description="0 takes the likeliest token each time (greedy); higher "
                                                             "draws more freely.")
    pass_k: int = Field(1, ge=1, le=1000, description="k of pass@k: a problem is solved if one of k answers is right. "
                                                      "At most the number of samples.",
                        json_schema_extra={"unit": "answers"})
    run_code: bool = Field(False, description="Run the code that the model writes, in a separate process with limits; "
                                              "needed for pass@k.")
    seed: int = Field(0, ge=0, lt=1 << 32, description="Decides what is drawn where the temperature is above 0.")

    @model_validator(mode="after")
    def _agreeing(self) -> "EvaluationSettings":
        if self.samples > 1 and self.temperature == 0:
            raise ValueError("more than one sample needs a temperature above 0, or all are alike")
        if self.pass_k > self.samples:
            raise ValueError("pass@k needs at least k samples")
        return self
