"""The run: sources, WARC, extraction, annotation, decision, shards, runner, assembly, card, report, command line."""
