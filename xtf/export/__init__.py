"""The masked dataset on disk: `input_ids, attention_mask, labels`, and a record of what made it."""

from xtf.export.folder import read_back, write
from xtf.export.formats import FORMATS
from xtf.export.verification import verify

__all__ = ["FORMATS", "read_back", "verify", "write"]
