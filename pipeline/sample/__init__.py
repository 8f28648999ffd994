"""The sample that the demo runs on: pages written for it, and the script that turns them into a WARC."""
