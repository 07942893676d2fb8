"""Labels of an export in LLaMA-Factory, in its own environment: python tests/trainers/with_llamafactory.py EXPORT"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

os.environ |= {"HF_HUB_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1"}
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.trainers import rows, training


def batches(export: Path, model: Path, output: Path) -> list[dict[str, Any]]:
    """What the model is given while LLaMA-Factory trains for one epoch, as `llamafactory-cli train` does."""
    from llamafactory.train.sft import workflow
    from llamafactory.train.tuner import run_exp

    os.chdir(export)
    seen: list[dict[str, Any]] = []
    load_model = workflow.load_model

    def watched(*args: Any, **more: Any) -> Any:
        loaded = load_model(*args, **more)
        seen.append(training.watch(loaded))
        return loaded

    words = ["llamafactory-cli", "recipes/llamafactory.yaml", f"model_name_or_path={model}", f"output_dir={output}",
             "num_train_epochs=1", "bf16=false"]
    with mock.patch.object(sys, "argv", words), mock.patch.object(workflow, "load_model", watched):
        run_exp()
    return seen[0]


def check(export: Path) -> bool:
    """Whether one epoch of the recipe gives the model the rows of the export."""
    expected = rows.exported(export)
    with tempfile.TemporaryDirectory() as folder:
        model = rows.tiny_model(Path(folder) / "model", expected)
        seen = batches(export, model, Path(folder) / "out")
    return rows.compared(expected, [one for batch in seen for one in rows.given(batch)], "LLaMA-Factory")


if __name__ == "__main__":
    asked = rows.arguments(__doc__)
    rows.finish(check(asked.export))
