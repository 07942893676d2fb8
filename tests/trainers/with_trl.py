"""Labels and loss of an export in TRL's SFTTrainer: python tests/trainers/with_trl.py EXPORT [--packing]"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.trainers import rows, training


def check(export: Path, model: Path | None = None, packing: int | None = None) -> bool:
    """Whether one epoch of the recipe gives the model the rows of the export, and its loss is theirs."""
    expected = rows.exported(export)
    recipe = rows.recipe(export, "train_trl.py")
    words = ["--packing", str(packing)] if packing else []
    with tempfile.TemporaryDirectory() as folder:
        model = model or rows.tiny_model(Path(folder) / "model", expected)
        seen = training.epoch(recipe, model, Path(folder) / "out", *words)
    return rows.compared(expected, seen.rows, f"TRL{', packed' if packing else ''}") and seen.same_loss()


if __name__ == "__main__":
    asked = rows.arguments(__doc__)
    rows.finish(check(asked.export, packing=asked.packing))
