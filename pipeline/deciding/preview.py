"""What a change of rules would gain and lose, computed from a finished run without writing anything.

Only rules that differ are judged again; of a document's other rules its reasons say whether it fails them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from configs.configuration import Configuration
from filters.base import Rule
from pipeline.clustering.nodes import ClusterJob, number_nodes
from pipeline.deciding.bounds import Asked, Rules, with_thresholds
from pipeline.deciding.columns import read_columns
from pipeline.deciding.decide import DUPLICATE
from pipeline.deciding.quantiles import Floats
from pipeline.deciding.reasons import Reasons
from pipeline.deciding.reelect import BoolArray, Int64Array, Judged, kept_after
from pipeline.deciding.rules import failed, passing_documents
from pipeline.deciding.thresholds import Place, Thresholds, compute_thresholds, read_thresholds, values_of
from pipeline.errors import OutputError
from pipeline.runner import InlineRunner
from pipeline.schema import KEY
from pipeline.shards import Job, check_same_documents, read_table, rows_by_language

DECIDED = (KEY.name, "language", "text_characters", "keep", "reject_reasons", "minhash_cluster_size")


@dataclass
class Change:
    """Documents and characters of a language: kept before, kept after, gained and lost between."""

    language: str
    documents: int = 0
    kept: int = 0
    gained: int = 0
    lost: int = 0
    characters: int = 0
    characters_gained: int = 0
    characters_lost: int = 0

    @property
    def size(self) -> int:
        """How many documents end otherwise than before."""
        return self.gained + self.lost


@dataclass(frozen=True)
class Preview:
    """What a change does: by language, most changed first, and by rule; where the documents stand that it concerns."""

    changes: tuple[Change, ...]
    rules: Mapping[str, tuple[int, int]]
    """How many documents fail each changed rule that did not fail it, and how many no longer fail it."""
    thresholds: Thresholds
    places: Mapping[tuple[str, bool], tuple[tuple[str, int], ...]] = field(default_factory=dict)
    """For a language, and whether documents are gained: shard and row of some of them."""


def preview(before: Configuration, after: Job, examples: int) -> Preview:
    """What the run in the folder of `after` would keep otherwise under its configuration; nothing is written.

    Raises OutputError where the folder holds no finished run, ShardError for files that do not belong together.
    """
    names = [name.rpartition("/")[2].removesuffix(".parquet") for name in after.folder.names("decisions", ".parquet")]
    if not names or not after.folder.exists("ledger.parquet"):
        raise OutputError(f"{after.folder.url}: no finished run to compare with; `glotmill run` finishes it")
    decided = {name: read_table(after.folder, f"decisions/{name}.parquet", DECIDED) for name in names}
    rules = _Rules.of(before, after, decided)
    fails: Counter[str] = Counter()
    passes: Counter[str] = Counter()
    judged = [_judge(name, decided.pop(name), rules, after, fails, passes) for name in names]
    keep = kept_after(judged, before, after)
    changed = {name: (fails[name], passes[name]) for name in dict.fromkeys([*fails, *passes])}
    return Preview(_sum_up(judged, keep), changed, rules.thresholds, dict(_places(judged, keep, examples)))


@dataclass
class _Rules:
    """The rules of each language before and after, with their thresholds."""

    before: Configuration
    after: Configuration
    old_thresholds: Thresholds
    thresholds: Thresholds
    _changed: dict[str, dict[str, Rule | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, before: Configuration, after: Job, decided: Mapping[str, pa.Table]) -> "_Rules":
        """The rules, with thresholds computed anew where what they are over or how they are computed differs."""
        old = read_thresholds(after.folder)
        labels = ["und_Zzzz", *before.overridden_languages(), *after.configuration.overridden_languages()]
        pairs = [(before.for_language(label).rules, after.configuration.for_language(label).rules) for label in labels]
        if all(Asked.of(one) == Asked.of(other) for one, other in pairs):
            return cls(before, after.configuration, old, old)
        shards = {name: (table.num_rows, "") for name, table in decided.items()}
        nodes = number_nodes(shards, 0, after.configuration.settings.deduplication.memory)
        values = _values(decided, before, after)
        found = compute_thresholds(ClusterJob(after, nodes, ""), InlineRunner(), values)
        return cls(before, after.configuration, old, found)

    def changed(self, language: str) -> dict[str, Rule | None]:
        """The rules of a language that differ, as they are now; None for those that are no more."""
        if language not in self._changed:
            old = with_thresholds(self.before.for_language(language).rules, self.old_thresholds.get(language, {}))
            new = with_thresholds(self.after.for_language(language).rules, self.thresholds.get(language, {}))
            names = dict.fromkeys([*old, *new])
            self._changed[language] = {name: new.get(name) for name in names if old.get(name) != new.get(name)}
        return self._changed[language]


def _values(decided: Mapping[str, pa.Table], before: Configuration, after: Job) -> Iterator[tuple[Place, Floats]]:
    """The values that the statistics of the changed rules are over."""
    asked: dict[str, Asked] = {}
    anew: dict[str, Rules] = {}
    for shard, table in decided.items():
        rows = rows_by_language(table)
        for label in rows.keys() - asked.keys():
            asked[label], old = (
                Asked.of(after.configuration.for_language(label).rules),
                before.for_language(label).rules,
            )
            anew[label] = {name: rule for name, rule in asked[label].chosen_by.items() if old.get(name) != rule}
        columns = {name for label in rows for name in asked[label].columns}
        columns |= {name for label in rows for rule in anew[label].values() for name in rule.columns}
        if columns:
            documents = read_columns(after.folder, shard, sorted(columns))
            check_same_documents(shard, documents, table, "decisions/")
            passes = passing_documents(documents, rows, {label: anew[label] for label in rows})
            reasons = Reasons.of(table.column("reject_reasons").combine_chunks())
            for label, (first, count) in rows.items():
                there = slice(first, first + count)
                passes[there] &= ~reasons.given(asked[label].chosen_by.keys() - anew[label].keys())[there]
            yield from values_of(documents, rows, asked, passes)


def _judge(
    shard: str, decided: pa.Table, rules: _Rules, after: Job, fails: Counter[str], passes: Counter[str]
) -> Judged:
    """Judge a shard by the rules that differ, and count what fails and passes them now."""
    rows = rows_by_language(decided)
    changed = {language: rules.changed(language) for language in rows}
    users = Counter(rule for differing in changed.values() for rule in differing.values() if rule is not None)
    columns = sorted({name for rule in users for name in rule.columns})
    documents = read_columns(after.folder, shard, columns) if columns else decided
    check_same_documents(shard, documents, decided, "decisions/")
    # What languages share is judged once for the shard, since a language has few documents in it.
    shared = {rule: failed(documents, rule) for rule, languages in users.items() if languages > 1}
    reasons = Reasons.of(decided.column("reject_reasons").combine_chunks())
    rejecting = set(reasons.names) - {DUPLICATE}
    passing = np.ones(decided.num_rows, np.bool_)
    for language, (first, count) in rows.items():
        there = slice(first, first + count)
        passing[there] = ~reasons.given(rejecting - changed[language].keys())[there]
        for name, rule in changed[language].items():
            old, new = reasons.given({name})[there], np.zeros(count, np.bool_)
            if rule is not None:
                new = shared[rule][there] if rule in shared else failed(documents.slice(first, count), rule)
                passing[there] &= ~new
            fails[name] += int(np.count_nonzero(new & ~old))
            passes[name] += int(np.count_nonzero(old & ~new))
    return Judged(
        shard,
        _order(decided.column(KEY.name)),
        decided.column("language").cast(pa.string()),
        decided.column("text_characters").to_numpy(),
        decided.column("keep").to_numpy(zero_copy_only=False),
        ~reasons.given(rejecting),
        passing,
        decided.column("minhash_cluster_size").to_numpy() > 1,
    )


def _order(keys: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """An order of documents that has nothing to do with what they are: by their keys, which are hashes."""
    array = keys.combine_chunks()
    words = np.frombuffer(array.buffers()[1], ">u8").reshape(-1, 2)[array.offset : array.offset + len(array)]
    return words[:, 0].astype(np.uint64)


def _sum_up(judged: Sequence[Judged], keep: Sequence[BoolArray]) -> tuple[Change, ...]:
    """The documents and characters of each language, most changed first."""
    changes: dict[str, Change] = {}
    for shard, after in zip(judged, keep, strict=True):
        encoded = shard.languages.combine_chunks().dictionary_encode()
        codes, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
        gained, lost = after & ~shard.kept, shard.kept & ~after
        everything = np.ones(len(codes), np.bool_)
        sums = [_sums(codes, names, rows, shard.characters) for rows in (everything, shard.kept, gained, lost)]
        for number, name in enumerate(names):
            each = changes.setdefault(name, Change(name))
            (documents, _), (kept, characters), more, less = ((count[number], size[number]) for count, size in sums)
            changes[name] = replace(
                each,
                documents=each.documents + documents,
                kept=each.kept + kept,
                characters=each.characters + characters,
                gained=each.gained + more[0],
                characters_gained=each.characters_gained + more[1],
                lost=each.lost + less[0],
                characters_lost=each.characters_lost + less[1],
            )
    return tuple(sorted(changes.values(), key=lambda each: (-each.size, -each.documents, each.language)))


def _sums(
    codes: Int64Array, names: Sequence[str], rows: BoolArray, characters: Int64Array
) -> tuple[list[int], list[int]]:
    """Documents and characters of each language among some rows."""
    counts = np.bincount(codes[rows], minlength=len(names))
    sizes = np.zeros(len(names), np.int64)
    np.add.at(sizes, codes[rows], characters[rows])
    return counts.tolist(), sizes.tolist()


def _places(
    judged: Sequence[Judged], keep: Sequence[BoolArray], most: int
) -> Iterator[tuple[tuple[str, bool], tuple[tuple[str, int], ...]]]:
    """Where documents of each language stand that are gained and lost: the first in the order of their keys."""
    found: dict[tuple[str, bool], list[tuple[int, str, int]]] = {}
    for shard, after in zip(judged, keep, strict=True):
        encoded = shard.languages.combine_chunks().dictionary_encode()
        codes, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
        for gained, rows in ((True, after & ~shard.kept), (False, shard.kept & ~after)):
            places = np.flatnonzero(rows)
            places = places[np.lexsort((shard.order[places], codes[places]))]
            for code, start in zip(*np.unique(codes[places], return_index=True), strict=True):
                chosen = places[start : start + most]
                chosen = chosen[codes[chosen] == code]
                ordered = zip(shard.order[chosen].tolist(), [shard.shard] * len(chosen), chosen.tolist(), strict=True)
                found.setdefault((names[code], gained), []).extend(ordered)
    for which, entries in found.items():
        yield which, tuple((shard, row) for _, shard, row in sorted(entries)[:most])
