"""Past findings of the fuzzers, and bounded runs over recombined pieces: no crash, no hang, no undeclared error."""

from pathlib import Path

import pytest
from fuzz_seeds import PIECES, SEEDS
from fuzz_targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CORPUS = Path(__file__).parent / "corpus"
FINDINGS = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.parent != CORPUS)
EXAMPLES = {"warc": 400, "http": 600, "charset": 300, "extraction": 150}


def recombined(target: str) -> st.SearchStrategy[bytes]:
    """Seeds cut, changed and joined with pieces of their kind and with noise."""
    pieces = st.sampled_from(PIECES[target])
    cut = st.tuples(st.sampled_from(SEEDS[target]), st.integers(0, 2000), st.integers(0, 2000)).map(
        lambda drawn: drawn[0][min(drawn[1:]) : max(drawn[1:])]
    )
    return st.lists(st.one_of(pieces, cut, st.binary(max_size=20)), max_size=12).map(b"".join)


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_past_findings_stay_mended(path):
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_are_sound(target):
    for seed in SEEDS[target]:
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
def test_recombined_pieces_are_read_or_refused(target):
    @settings(max_examples=EXAMPLES[target], deadline=None, suppress_health_check=list(HealthCheck))
    @given(recombined(target))
    def fuzzed(data: bytes) -> None:
        TARGETS[target](data)

    fuzzed()
