"""Fuzz a target with atheris, guided by coverage: `python tests/fuzz/run.py warc --runs 30000`.

It needs atheris (`pip install atheris`), which is no dependency of this project. Inputs start from the seeds and the
corpus of past findings. A crash, a hang of more than 60 s, or more than 2 GB of memory ends it, with the input in
--findings; an input whose fault is mended goes to tests/fuzz/corpus/TARGET/, where a test replays it.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
with atheris.instrument_imports(include=["pipeline.reading", "pipeline.extraction"]):
    from fuzz_targets import TARGETS

from fuzz_seeds import PIECES, SEEDS  # noqa: E402  after the modules to be instrumented


def main() -> None:
    """Fuzz one target for a number of runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--runs", type=int, default=30_000, help="inputs to try")
    parser.add_argument("--length", type=int, default=4096, help="longest input, in bytes")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers")
    parser.add_argument("--findings", type=Path, default=Path("findings"), help="folder for inputs that fail")
    options = parser.parse_args()
    options.findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        start, words = Path(scratch) / "start", Path(scratch) / "words.txt"
        start.mkdir()
        for number, seed in enumerate(SEEDS[options.target]):
            (start / f"seed-{number}").write_bytes(seed)
        words.write_text("".join(f'"{_escaped(piece[:100])}"\n' for piece in PIECES[options.target]))
        known = Path(__file__).parent / "corpus" / options.target
        folders = [str(start), *([str(known)] if known.is_dir() else [])]
        limits = ["-timeout=60", "-rss_limit_mb=2048", f"-max_len={options.length}", f"-seed={options.seed}"]
        place = [f"-artifact_prefix={options.findings}/{options.target}-", f"-dict={words}", f"-runs={options.runs}"]
        atheris.Setup([sys.argv[0], *limits, *place, *folders], TARGETS[options.target])
        atheris.Fuzz()


def _escaped(piece: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in piece)


if __name__ == "__main__":
    main()
