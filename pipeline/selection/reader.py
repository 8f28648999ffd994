"""The records of a selected split: fetched by offset and length, and read as those of whole files are."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from itertools import chain

from pipeline.reading.http import HEAD_LIMIT
from pipeline.reading.remote import MissingInputError
from pipeline.reading.sources import InputFile, Split, read_range
from pipeline.reading.warc import Damage, Response, SplitReader
from pipeline.selection.plan import read_places
from pipeline.selection.requests import REQUEST_BYTES, Place, Request, requests_for
from pipeline.storage import Folder

# At once, since a request waits longer than it transfers. All of them have come before their first record is passed
# on: no thread works beside the extraction of a page, whose CPU time and memory are limited.
REQUESTS_AT_ONCE = 16
WINDOW_BYTES = 4 * REQUEST_BYTES


@dataclass
class SelectedReader:
    """Iterates over the records of a selected split as SplitReader does over those of a range of bytes.

    Every selected record comes as exactly one Response or Damage. `first_offset` and `next_offset` are row numbers.
    """

    split: Split
    payload_limit: int
    folder: Folder
    gap: int
    path: str = field(default="", init=False)
    """The file of the record that came last."""
    damages: int = field(default=0, init=False)
    files: Counter[str] = field(default_factory=Counter, init=False)
    """Records of each file."""
    kinds: Counter[str] = field(default_factory=Counter, init=False)

    @property
    def first_offset(self) -> int:
        """Number of the first row."""
        return self.split.start

    @property
    def next_offset(self) -> int:
        """Number of the row behind the last one."""
        return self.split.start + self.responses

    @property
    def responses(self) -> int:
        """Records that were selected, whatever became of them."""
        return self.files.total()

    def __iter__(self) -> Iterator[Response | Damage]:
        for place, data in fetched(read_places(self.folder, self.split), self.gap, self.payload_limit):
            item = data if isinstance(data, Damage) else self._read(place, data)
            self.path = place.file
            self.files[place.file] += 1
            self.damages += isinstance(item, Damage)
            yield item

    def _read(self, place: Place, data: bytes) -> Response | Damage:
        """The record in these bytes, with its offset in the file."""
        if not data:
            return damage(place, "no_record", "the file ends before this offset")
        split = Split(0, InputFile(place.file, len(data), ""), 0, len(data))
        reader = SplitReader(split, self.payload_limit, stream=BytesIO(data))
        first = next(iter(reader), None)
        self.kinds += reader.kinds
        if first is None or first.offset > 0:
            return damage(place, "no_record", "the record at this offset is no response")
        if isinstance(first, Response):
            return replace(first, offset=place.offset)
        if first.reason == "cut_record" and len(data) < place.length:
            return damage(place, first.reason, f"the file ends inside the record: {first.detail}")
        return damage(place, "no_record" if not first.response else first.reason, first.detail)


def damage(place: Place, reason: str, detail: str) -> Damage:
    """A selected record that could not be read: it counts, since the index says that it is there."""
    return Damage(place.offset, place.length, reason, detail, response=True, url=place.url)


def fetched(places: Iterable[Place], gap: int, payload_limit: int) -> Iterator[tuple[Place, bytes | Damage]]:
    """Each place with its bytes, in order: fewer where the file ends, a Damage where it is not there.

    A record that is larger in its file than any page may be is not asked for. Raises InputError for a server that does
    not answer.
    """
    # Compression adds little to bytes that it cannot make smaller: 5 in 16,000, and the head of the record.
    most = (payload_limit + HEAD_LIMIT) * 1001 // 1000 + HEAD_LIMIT
    with ThreadPoolExecutor(REQUESTS_AT_ONCE, "fetch") as threads:
        for window in _windows(requests_for(places, gap)):
            yield from chain.from_iterable(threads.map(partial(_fetch, most=most), window))


def _windows(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """Requests that are made at once: so many, or so many bytes."""
    window: list[Request] = []
    held = 0
    for request in requests:
        if window and (len(window) == REQUESTS_AT_ONCE or held + request.length > WINDOW_BYTES):
            yield window
            window, held = [], 0
        window.append(request)
        held += request.length
    if window:
        yield window


def _fetch(request: Request, most: int) -> list[tuple[Place, bytes | Damage]]:
    """The records of a request; one of more than `most` bytes is left where it is."""
    if len(request.places) == 1 and request.length > most:
        detail = f"the record has {request.length:,} bytes in its file, more than a page may"
        return [(place, damage(place, "too_large", detail)) for place in request.places]
    try:
        data = read_range(request.file, request.offset, request.length)
    except MissingInputError as exc:
        return [(place, damage(place, "missing_file", str(exc))) for place in request.places]
    return [(place, data[place.offset - request.offset : place.end - request.offset]) for place in request.places]
