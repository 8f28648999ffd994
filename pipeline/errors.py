"""Errors sorted by consequence.

GlotmillError
├── UsageError            wrong command line or configuration: exit status 2, nothing was written
│   ├── ConfigurationError    a key, a value or a layer (configs/)
│   └── OutputError           the output folder belongs to something else
└── RunError              the run failed: exit status 1, what was done stays and the next run continues
    ├── InputError            no input could be read; MissingInputError (reading/remote.py): there is no such file
    ├── WriteError            a file could not be written
    ├── ShardError            a shard failed after its retries
    ├── StaleShardsError      files of shards are not those that were committed
    └── LedgerError           records in differ from records out
"""

from collections.abc import Sequence


class GlotmillError(Exception):
    """Base of everything the command line reports without a traceback."""

    exit_status = 1


class UsageError(GlotmillError):
    """The command or its configuration is wrong; nothing was written."""

    exit_status = 2


class ConfigurationError(UsageError):
    """A layer holds an unknown key or a wrong value; the message names the layer, the key and the fix."""


class OutputError(UsageError):
    """The output folder holds something that this run must not touch."""


class RunError(GlotmillError):
    """The run could not finish; running it again continues from the shards that are done."""


class InputError(RunError):
    """An input is missing or holds nothing that can be read."""


class WriteError(RunError):
    """A file could not be written: the disk is full, or the folder may not be written to."""


class ShardError(RunError):
    """A shard failed after its retries; the message names the shard and the cause."""


class StaleShardsError(RunError):
    """Files of shards changed after they were committed; they have to be made again."""

    def __init__(self, shards: Sequence[str]) -> None:
        super().__init__(f"signatures/ changed since they were made: {', '.join(shards)}; run again to make them anew")
        self.shards = tuple(shards)


class LedgerError(RunError):
    """The counts of records in and out differ: some record would have been lost in silence."""
