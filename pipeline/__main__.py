"""`python -m pipeline`: the same as `glotmill`."""

from pipeline.cli import main

main()
