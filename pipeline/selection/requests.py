"""Which bytes are asked for: places of records, put together where they lie close to each other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from configs.model import MEGABYTE

# More in one request would only hold memory: its cost is already small beside that of its bytes.
REQUEST_BYTES = 8 * MEGABYTE


@dataclass(frozen=True)
class Place:
    """Where the index says that a record is: bytes of a file; and whose page it is."""

    file: str
    offset: int
    length: int
    url: str | None

    @property
    def end(self) -> int:
        """The offset behind the record."""
        return self.offset + self.length


@dataclass(frozen=True)
class Request:
    """Bytes of a file that are fetched at once, and the records in them."""

    file: str
    offset: int
    length: int
    places: tuple[Place, ...]


def requests_for(places: Iterable[Place], gap: int) -> Iterator[Request]:
    """Requests for records that are sorted by file and offset.

    Neighbours with at most `gap` bytes between them share a request, as long as it stays below REQUEST_BYTES.

    >>> near, far = Place("a", 0, 10, None), Place("a", 90, 10, None)
    >>> [(request.offset, request.length) for request in requests_for([near, far], 80)]
    [(0, 100)]
    >>> [(request.offset, request.length) for request in requests_for([near, far], 79)]
    [(0, 10), (90, 10)]
    """
    group: list[Place] = []
    end = 0
    for place in places:
        if group and not _is_near(group[0], end, place, gap):
            yield _request(group, end)
            group, end = [], 0
        group.append(place)
        end = max(end, place.end)
    if group:
        yield _request(group, end)


def _is_near(first: Place, end: int, place: Place, gap: int) -> bool:
    """Whether a place may be fetched together with those from the first one to `end`."""
    return (
        place.file == first.file
        and first.offset <= place.offset <= end + gap
        and max(end, place.end) - first.offset <= REQUEST_BYTES
    )


def _request(group: list[Place], end: int) -> Request:
    return Request(group[0].file, group[0].offset, end - group[0].offset, tuple(group))
