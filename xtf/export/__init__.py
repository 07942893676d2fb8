"""The masked dataset on disk: `input_ids, attention_mask, labels`, and a record of what made it."""

from xtf.export.folder import verify, write
from xtf.export.formats import FORMATS

__all__ = ["FORMATS", "verify", "write"]
