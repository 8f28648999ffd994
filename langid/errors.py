"""What can go wrong in this package, by consequence.

ModelError          a model cannot be used: missing, truncated, another file than expected, unknown labels
UnknownLabelError   a label that the language table does not know
"""

from pipeline.errors import UsageError


class ModelError(UsageError):
    """A model cannot be used; the message names the file and the fix."""


class UnknownLabelError(ValueError):
    """A label whose language is not in the table `languages.tsv`."""
