"""JSON-LD of schema.org: the pages and articles that a page describes as data."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

Node = dict[str, Any]

PAGE_TYPES = re.compile(r"\w*(?:Page|Article|Posting)|WebSite|CreativeWork|Report|Recipe|Book|Chapter|LearningResource")
# Deeper descriptions are of other things.
DEEPEST = 16
LONGEST_SCRIPT = 1_000_000  # characters


def page_nodes(script: str) -> list[Node]:
    """The pages and articles that a script describes at its top level or in its graph; none where it is no JSON.

    >>> page_nodes('{"@graph": [{"@type": "NewsArticle", "author": "李"}, {"@type": "ImageObject"}]}')
    [{'@type': 'NewsArticle', 'author': '李'}]
    >>> page_nodes('{"@type": ')
    []
    """
    if len(script) > LONGEST_SCRIPT:
        return []
    try:
        data = json.loads(script, strict=False)
    except (ValueError, RecursionError):
        return []
    return list(_pages(data, DEEPEST))


def is_page(kind: str) -> bool:
    """Whether a type of schema.org is a page, or the text that a page is about.

    >>> [is_page(kind) for kind in ("NewsArticle", "WebPage", "ImageObject")]
    [True, True, False]
    """
    return PAGE_TYPES.fullmatch(kind) is not None


def names(value: Any) -> Iterator[str]:
    """What a value is called, each of them where it is a list: people and organisations are written in many ways.

    >>> list(names([{"@type": "Person", "name": "Ada"}, "Grace", {"name": None}, 3]))
    ['Ada', 'Grace']
    """
    for one in value if isinstance(value, list) else [value]:
        name = one.get("name") if isinstance(one, dict) else one
        if isinstance(name, str) and name.strip():
            yield name


def first(nodes: Iterable[Node], key: str) -> str | None:
    """The first value of a key among descriptions; several names are joined.

    >>> first([{"headline": ""}, {"author": [{"name": "Ada"}, {"name": "Grace"}]}], "author")
    'Ada, Grace'
    """
    found = (", ".join(dict.fromkeys(names(node.get(key)))) for node in nodes)
    return next((value for value in found if value), None)


def _pages(data: Any, depth: int) -> Iterator[Node]:
    for node in data if isinstance(data, list) else [data]:
        if not isinstance(node, dict):
            continue
        types = node.get("@type")
        kinds = types if isinstance(types, list) else [types]
        if any(isinstance(kind, str) and is_page(kind) for kind in kinds):
            yield node
        for below in ("@graph", "mainEntity", "mainEntityOfPage"):
            if below in node and depth:
                yield from _pages(node[below], depth - 1)
