"""Faults of the user's or of the user's machine: one sentence that says what happened and what to do.

They are worded where they are raised and shown in two places only, the command line (exit 2) and the page frame.
Anything that is not an `XtfError` is a bug and keeps its traceback (exit 1).
"""


class XtfError(Exception):
    """Base of all faults that are told in a sentence."""


class SettingsError(XtfError):
    """A setting is missing, unknown or out of range."""


class DataError(XtfError):
    """The dataset cannot be read or does not hold what its format promises."""


class ModelError(XtfError):
    """The model or its tokenizer cannot be loaded, or gives unusable output."""


class StoreError(XtfError):
    """A run cannot be read from or written to the workspace."""


class JobError(XtfError):
    """A background job cannot be started, found or stopped."""


class TrainingError(XtfError):
    """A fine-tune cannot go on, or its files cannot be used."""


class EvaluationError(XtfError):
    """An evaluation cannot be made: code cannot be run safely, or the held-out data does not go with the task."""
