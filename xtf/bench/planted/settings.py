"""Settings of a bench with planted noise: one field is one flag and one form widget."""

from pydantic import Field

from xtf.config import ModelSettings


class PlantedSettings(ModelSettings):
    """Everything that decides what is planted and what scores it."""

    examples: int = Field(60, ge=4, le=1000, description="Examples of each data set; fewer where it holds no more.",
                          json_schema_extra={"unit": "examples"})
    data: tuple[str, ...] = Field((), description="Plant in this data, too: a file, folder or hub id. May be given "
                                                  "several times.")
    prepare: bool = Field(False, description="Measure strategies, too, that need more than the scores: makes a "
                                             "second pass, and trains reference models on the planted data.")
    seed: int = Field(0, ge=0, lt=1 << 32, description="Decides which examples are taken, and what is planted where.")
