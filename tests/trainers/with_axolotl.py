"""Labels of an export in Axolotl, in its own environment: python tests/trainers/with_axolotl.py EXPORT"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ |= {"AXOLOTL_DO_NOT_TRACK": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.trainers import rows, training


def trainer(export: Path, model: Path, output: Path, packing: int | None) -> Any:
    """Axolotl's own trainer, made from the recipe by Axolotl's own steps of `axolotl train`."""
    from axolotl.cli.config import load_cfg
    from axolotl.common.datasets import load_datasets
    from axolotl.train import setup_model_and_trainer

    os.chdir(export)
    packed = {"sample_packing": True, "attn_implementation": "sdpa", "micro_batch_size": 1,
              "sequence_len": packing} if packing else {}
    # Its own kernels are for GPUs, and have no part in the labels.
    cpu = {"bf16": False, "lora_mlp_kernel": False, "lora_qkv_kernel": False, "lora_o_kernel": False}
    cfg = load_cfg("recipes/axolotl.yaml", base_model=str(model), output_dir=str(output), num_epochs=1,
                   dataset_prepared_path=str(output / "prepared"), gradient_accumulation_steps=1, **cpu, **packed)
    return setup_model_and_trainer(cfg, load_datasets(cfg=cfg))[0]


def check(export: Path, labels: Path | None, tokenizer: str | None, packing: int | None) -> bool:
    """Whether one epoch of the recipe gives the model the rows of the export. Where the export is text, `labels` is the
    token-level one of the same run. When packing, Axolotl leaves out rows without a trained token."""
    expected = rows.exported(labels or export)
    with tempfile.TemporaryDirectory() as folder:
        model = rows.tiny_model(Path(folder) / "model", expected, tokenizer)
        made = trainer(export, model, Path(folder) / "out", packing)
        seen = training.watch(made.model)
        made.train()
    found = [one for batch in seen for one in rows.given(batch)]
    return rows.compared(rows.trained(expected) if packing else expected, found,
                         f"Axolotl{', packed' if packing else ''}")


if __name__ == "__main__":
    asked = rows.arguments(__doc__)
    rows.finish(check(asked.export, asked.labels, asked.tokenizer, asked.packing))
