"""Releases: a persistent index of what was published, so that later runs are deduplicated against it."""
