"""From what a user names to records: inputs, splits, archives, HTTP messages, characters."""
