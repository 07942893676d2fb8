"""A run's model taken up again as it was scored, for what is asked afterwards."""

from typing import TYPE_CHECKING

from xtf import fingerprint, models
from xtf.config import ScoreSettings, settings
from xtf.devices import pick_device
from xtf.errors import ModelError
from xtf.store import Manifest

if TYPE_CHECKING:
    from xtf.scoring.forward import Scorer

_COMMIT = "commit:"


def settings_of(manifest: Manifest) -> ScoreSettings:
    """The settings that the run was scored with, a hub model held to its commit; on another device where that one is
    not here. Raises: ModelError if the model is gone or has changed since."""
    chosen = settings(ScoreSettings, manifest.settings)
    scored = {"weights": manifest.model.get("digest"), "tokenizer": manifest.model.get("tokenizer")}
    commit = str(scored["weights"]).partition(_COMMIT)[2]
    if commit not in ("", "unknown"):
        chosen = chosen.model_copy(update={"revision": commit})
    if fingerprint.of(chosen) != scored:
        raise ModelError(f"The model {models.display_name(chosen)} has changed since run {manifest.name} was scored, "
                         "so it would answer differently: score again.")
    return chosen.model_copy(update={"device": _device(chosen.device)})


def scorer_of(chosen: ScoreSettings) -> "Scorer":
    """The model of these settings, ready to score. Raises: ModelError."""
    from xtf.scoring.forward import Scorer  # torch is slow to import, and the faults above do without it

    return Scorer(models.load_model(chosen), chosen.layers)


def _device(wanted: str) -> str:
    try:
        return pick_device(wanted)
    except ModelError:
        return pick_device("auto")
