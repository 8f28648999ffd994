"""What a shard's bytes depend on, as a hash: a shard is done when its commit holds the hash of today's settings.

Each stage hashes only what it reads: a new threshold touches decisions and what follows, never documents.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from configs.configuration import Configuration
from dedup.parameters import COMPARED
from filters.load import is_own, read_source
from langid.models import load_model
from pipeline.reading.sources import Split

# The libraries that change a document's text, language, words or measurements.
LIBRARIES = (
    "glotmill",
    "trafilatura",
    "ftfy",
    "phonenumbers",
    "python-stdnum",
    "lxml",
    "fastwarc",
    "resiliparse",
    "fasttext-community",
    "icu4py",
    "datatrove",
    "pyarrow",
    "ada-url",
    "protego",
    "tldextract",
)
# The modules of pipeline/ that change what a stage writes.
RESULT_MODULES = (
    "assemble.py",
    "classifying",
    "clustering",
    "curating",
    "deciding",
    "extraction",
    "lines.py",
    "reading",
    "rights",
    "schema.py",
    "selection",
    "shards.py",
)


# Settings of deduplication that clusters/ does not depend on; nor does it on where the index is, only on its state.
DECIDED_LATER = {"remove", "largest_cluster_share"}


def library_versions() -> dict[str, str]:
    """Versions of the libraries, and of Unicode's character data, that results depend on."""
    return {name: version(name) for name in LIBRARIES} | {"unicode": unicodedata.unidata_version}


def code_digest() -> str:
    """A hash of the source of what makes the results, since a checkout changes more often than its version."""
    root = Path(__file__).parent.parent
    parts = [root / "pipeline" / name for name in RESULT_MODULES] + [
        root / name for name in ("filters", "langid", "dedup")
    ]
    files = [file for part in parts for file in ([part] if part.is_file() else sorted(part.rglob("*")))]
    code = [file.read_text(encoding="utf-8") for file in files if file.suffix in (".py", ".tsv", ".yaml")]
    return digest(code)


def digest(*parts: Any) -> str:
    """A short hash of plain data."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=_plain)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no plain form")


@dataclass(frozen=True)
class Fingerprints:
    """The hashes of a run's stages; made once, carried to every task."""

    curate: str
    cluster: str
    configuration: Configuration

    @classmethod
    def of(cls, configuration: Configuration, splits: Iterable[Split], facts: dict[str, Any]) -> "Fingerprints":
        """Fingerprints of a configuration over splits; `facts` are versions and model checksums."""
        settings = configuration.settings
        deduplication = settings.deduplication
        measured = {
            label: configuration.for_language(label).filters
            for label in ("und_Zzzz", *configuration.overridden_languages())
        }
        columns = [column.name for column in configuration.curate_columns]
        # A user's filters, by their text; ours are in the digest of the code.
        modules = [name for name in configuration.filters if not is_own(name) and name not in configuration.sources]
        sources = [configuration.sources, {name: read_source(name) for name in modules}]
        curate = digest(
            facts,
            settings.dump,
            settings.extraction,
            settings.repair,
            settings.identification,
            measured,
            columns,
            sources,
            deduplication.model_dump(include=set(COMPARED)),
        )
        return cls(
            curate=curate,
            cluster=digest(
                curate, [asdict(split) for split in splits], deduplication.model_dump(exclude={*DECIDED_LATER, "index"})
            ),
            configuration=configuration,
        )

    def documents(self, split: Split) -> str:
        """Of one shard of documents."""
        return digest(self.curate, asdict(split))

    def decisions(self, known: str, languages: Iterable[str]) -> str:
        """Of decisions on documents of these languages, given the fingerprint of what is known of them."""
        settings = self.configuration.settings
        return digest(known, self.rules(languages), settings.deduplication.remove, settings.lines, settings.upsampling)

    def dataset(self, known: str, language: str, languages: Iterable[str]) -> str:
        """Of one language's files in the dataset, given the fingerprint of what is known of the documents.

        `languages` are those of the run: where a cluster may reach across languages, the rules of all of them count.
        """
        settings = self.configuration.settings
        alone = settings.deduplication.scope == "language"
        decided = self.decisions(known, [language] if alone else languages)
        return digest(decided, settings.dataset, settings.redaction)

    def rules(self, languages: Iterable[str]) -> dict[str, Any]:
        """The rules of languages, as lists, since the order of the rules is the order of the reasons."""
        return {label: list(self.configuration.for_language(label).rules.items()) for label in sorted(languages)}


def run_facts(configuration: Configuration) -> dict[str, Any]:
    """What results depend on beside the configuration: code, library versions and the model's checksum."""
    model = load_model(configuration.settings.identification.model)
    return {
        "code": code_digest(),
        "versions": library_versions(),
        "language_model": {"name": model.name, "sha256": model.checksum},
        "filter_files": filter_files(configuration),
    }


def filter_files(configuration: Configuration) -> dict[str, str]:
    """SHA-256 of the files that filters measure with (models, evaluation sets), by path.

    A filter that has any says so by a function `checksums`, which raises GlotmillError for a file that cannot be used.
    """
    found: dict[str, str] = {}
    for label in ("und_Zzzz", *configuration.overridden_languages()):
        parameters = configuration.for_language(label).filters
        for name, module in configuration.filters.items():
            checksums = getattr(module, "checksums", None)
            found |= checksums(parameters[name]) if checksums else {}
    return dict(sorted(found.items()))
