"""Labels and loss of an export in transformers' Trainer: python tests/trainers/with_transformers.py EXPORT"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.trainers import rows, training


def check(export: Path, labels: Path | None = None, model: Path | None = None,
          tokenizer: str | None = None) -> bool:
    """Whether one epoch of the recipe gives the model the rows of the export, and its loss is theirs. Where the export
    is text, `labels` is the token-level one of the same run."""
    every = rows.exported(labels or export)
    expected = rows.trained(every)  # the recipe leaves the others out
    recipe = rows.recipe(export, "train_transformers.py")
    with tempfile.TemporaryDirectory() as folder:
        model = model or rows.tiny_model(Path(folder) / "model", every, tokenizer)
        seen = training.epoch(recipe, model, Path(folder) / "out")
    print(f"Left out, as nothing in them is trained: {len(every) - len(expected)}")
    return rows.compared(expected, seen.rows, "transformers.Trainer") and seen.same_loss()


if __name__ == "__main__":
    asked = rows.arguments(__doc__)
    rows.finish(check(asked.export, asked.labels, tokenizer=asked.tokenizer))
