"""Rules in words, for the report, the dataset card and messages."""

from collections.abc import Iterator

from filters.base import Bound, Computed, Condition


def describe(condition: Condition, name: str = "") -> str:
    """What a document fulfils that passes; without the column where it is called as the rule is.

    >>> describe(Condition(column="language_score", min={"median_minus_deviations": 1, "least": 0.3, "most": 0.9}))
    'language_score ≥ median − 1 σ of the language, between 0.3 and 0.9'
    >>> describe(Condition(any=[{"column": "words", "min": 100}, {"column": "score", "top_fraction": 0.1}]))
    'any of: words ≥ 100; score in the top 10 % of the language'
    """
    if not condition.parts:
        bounds = " and ".join(_bounds(condition))
        return bounds if condition.column == name else f"{condition.column} {bounds}"
    parts = "; ".join(f"({describe(part)})" if part.parts else describe(part) for part in condition.parts)
    return f"{'all' if condition.all else 'any'} of: {parts}"


def _bounds(condition: Condition) -> Iterator[str]:
    over = " that passes the other rules" if condition.among == "passing" else ""
    for sign, bound in (("≥", condition.min), ("≤", condition.max)):
        if bound is not None:
            yield f"{sign} {_bound(bound)}{over if isinstance(bound, Computed) and not bound.column else ''}"
    if condition.top_fraction is not None:
        yield f"in the top {100 * condition.top_fraction:g} % of the language{over}"
    for words, values in (("one of", condition.one_of), ("none of", condition.none_of)):
        if values is not None:
            yield f"{words} {', '.join(values)}"


def _bound(bound: Bound) -> str:
    """A bound; what is computed with how and between which limits."""
    if not isinstance(bound, Computed):
        return f"{bound:g}"
    if bound.column is not None:
        text = bound.column if bound.times == 1 else f"{bound.times:g} × {bound.column}"
    elif bound.quantile is not None:
        text = f"{100 * bound.quantile:g} % quantile of the language"
    else:
        text = f"median − {bound.median_minus_deviations:g} σ of the language"
    if bound.least is not None and bound.most is not None:
        return f"{text}, between {bound.least:g} and {bound.most:g}"
    ends = [
        f", {word} {end:g}" for word, end in (("at least", bound.least), ("at most", bound.most)) if end is not None
    ]
    return text + "".join(ends)
