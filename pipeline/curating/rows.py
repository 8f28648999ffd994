"""Records that become no document, as rows of skipped/."""

from pipeline.curating.pages import Row, Skip, record_id
from pipeline.reading.http import content_type
from pipeline.reading.warc import Damage, Response


def damage_row(damage: Damage, path: str) -> Row:
    """A place that could not be read."""
    return {
        "id": damage.id,
        "url": damage.url,
        "file_path": path,
        "offset": damage.offset,
        "length": damage.length,
        "outcome": "failed",
        "reason": damage.reason,
        "response": damage.response,
        "detail": damage.detail,
    }


def page_row(page: Row, outcome: str, reason: str, detail: str) -> Row:
    """An extracted page that becomes no document, as the ledger counts it."""
    provenance = {name: page[name] for name in ("id", "url", "date", "file_path", "offset", "length")}
    return provenance | {"outcome": outcome, "reason": reason, "response": True, "detail": detail}


def skipped_row(response: Response, path: str, skip: Skip) -> Row:
    """A response that gave no document, with its reason."""
    return {
        "id": record_id(response, path),
        "url": response.url,
        "date": response.date,
        "file_path": path,
        "offset": response.offset,
        "length": response.length,
        "outcome": skip.outcome,
        "reason": skip.reason,
        "response": True,
        "detail": skip.detail,
        "http_status": response.status,
        "content_type": content_type(response.headers),
    }
