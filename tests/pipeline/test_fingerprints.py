"""What a shard's result depends on."""

from pathlib import Path

import pytest

import pipeline
from pipeline import fingerprints


def test_every_part_that_makes_results_exists() -> None:
    root = Path(pipeline.__file__).parent
    assert [name for name in fingerprints.RESULT_MODULES if not (root / name).exists()] == []


@pytest.mark.parametrize("part", ["pipeline/reading", "pipeline/extraction", "pipeline/curating", "filters", "langid"])
def test_a_changed_file_changes_the_code_digest(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*(f"pipeline/{module}" for module in fingerprints.RESULT_MODULES), "filters", "langid", "dedup"):
        place = tmp_path / name
        (place.parent if place.suffix else place).mkdir(parents=True, exist_ok=True)
        (place if place.suffix else place / "module.py").write_text("before")
    monkeypatch.setattr(fingerprints, "__file__", str(tmp_path / "pipeline" / "fingerprints.py"))
    before = fingerprints.code_digest()
    (tmp_path / part / "module.py").write_text("after")
    assert fingerprints.code_digest() != before
