"""What a filter is: a module with `COLUMNS`, `Parameters`, `measure` and `RULES`.

    COLUMNS: tuple[Column, ...]                 what `measure` adds
    class Parameters(FilterParameters): ...     what changes a measurement (a word list, a line length)
    def measure(text: Text, parameters: Parameters) -> Measurements
    RULES: dict[str, Rule]                      defaults of the rules over those columns

`measure` never decides: thresholds are rules, and rules are configuration that the decide stage applies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from filters.text import Text

Value = float | int | bool | str | None
Measurements = Mapping[str, Value]


@dataclass(frozen=True)
class Column:
    """One column of the product: declared once, shown in the docs and in the dataset card."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str
    stage: str


class FilterParameters(BaseModel):
    """Base of every filter's parameters; `enabled: false` takes the filter out of the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True


class Computed(BaseModel):
    """A bound that is no number yet: from the run's own values of the column, language by language, or another column.

    `quantile` is the smallest value that at least this share of the values does not exceed. `median_minus_deviations`
    lies that many standard deviations below the median, as FineWeb2's thresholds of language scores do: one deviation,
    between 0.3 and 0.9. `column` is the same document's value of another column, `times` a factor. Whatever comes out
    is raised to `least` and lowered to `most`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    quantile: float | None = Field(default=None, ge=0, le=1)
    median_minus_deviations: float | None = None
    column: str | None = None
    times: float = 1.0
    least: float | None = None
    most: float | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [name for name in COMPUTED_FROM if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            hint = "; take away what a layer below sets with null" if given else ""
            raise ValueError(f"give one of {', '.join(COMPUTED_FROM)}, not {found}{hint}")
        if self.times != 1 and self.column is None:
            raise ValueError("`times` is a factor for `column`")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"least {self.least:g} is above most {self.most:g}")
        return self

    def clamp(self, value: float) -> float:
        """A value raised to `least` and lowered to `most`.

        >>> Computed(quantile=0.5, least=0.3, most=0.9).clamp(0.95)
        0.9
        """
        value = value if self.least is None else max(self.least, value)
        return value if self.most is None else min(self.most, value)


COMPUTED_FROM = ("quantile", "median_minus_deviations", "column")
Bound = float | Computed | None
_NUMBER = TypeAdapter(float, config=ConfigDict(allow_inf_nan=False))


class Condition(BaseModel):
    """What a document has to fulfil: bounds of a column, all of some conditions, or any of them.

    A null was not measured, and fulfils every condition. `min` and `max` are for numbers and booleans, `one_of` and
    `none_of` for strings and lists of strings; `*` there stands for anything. `top_fraction` keeps the documents with
    the largest values, that share of the language's documents with a value (rounded up, and with those that tie).
    What is computed from the run's values is computed over all of a language's documents, or, with `among: passing`,
    over those that pass every rule of which nothing is computed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    column: str = ""
    min: Bound = None
    max: Bound = None
    one_of: tuple[str, ...] | None = None
    none_of: tuple[str, ...] | None = None
    top_fraction: float | None = Field(default=None, gt=0, le=1)
    among: Literal["documents", "passing"] = "documents"
    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()

    @field_validator("min", "max", mode="before")
    @classmethod
    def _number_or_computed(cls, value: Any) -> Any:
        """One message for what was meant, a number or a mapping, instead of one for each."""
        if value is None or isinstance(value, Computed):
            return value
        try:
            return Computed(**value) if isinstance(value, dict) else _NUMBER.validate_python(value)
        except ValidationError as exc:
            problem = exc.errors()[0]
            where = ".".join(str(part) for part in problem["loc"])
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                message = f"unknown key; there are {', '.join(Computed.model_fields)}"
            raise ValueError(f"{where}: {message}" if where else message) from exc

    @model_validator(mode="after")
    def _bounds_leave_room(self) -> Self:
        kinds = [name for name in ("column", "all", "any") if getattr(self, name)]
        if len(kinds) != 1:
            raise ValueError(f"give one of column, all, any, not {' and '.join(kinds) or 'none of them'}")
        if self.top_fraction is not None and self.min is not None:
            raise ValueError("`top_fraction` is a lower bound: it does not go with `min`")
        if not self.column and (misplaced := [name for name in BOUNDS if getattr(self, name) is not None]):
            raise ValueError(f"`{misplaced[0]}` needs a column; give it to a part of `{kinds[0]}`")
        if idle := [part.column for part in self.parts if part.column and not part.bounded]:
            raise ValueError(f"the part over {idle[0]} has none of {', '.join(BOUNDS)}")
        if isinstance(self.min, float) and isinstance(self.max, float) and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}: no document could pass")
        return self

    @property
    def parts(self) -> tuple["Condition", ...]:
        """The conditions that this one combines; none where it judges a column."""
        return self.all or self.any

    @property
    def bounded(self) -> bool:
        """Whether the condition's own column has any bound."""
        return any(getattr(self, name) is not None for name in BOUNDS)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the condition reads, each once."""
        own = [self.column] if self.column else []
        own += [bound.column for bound in (self.min, self.max) if isinstance(bound, Computed) and bound.column]
        return tuple(dict.fromkeys([*own, *(name for part in self.parts for name in part.columns)]))


BOUNDS = ("min", "max", "one_of", "none_of", "top_fraction")


class Rule(Condition):
    """A condition with a name: a document that does not fulfil it is rejected, and the name is the reason."""

    enabled: bool = True


class Filter(Protocol):
    """The face of a filter module."""

    COLUMNS: tuple[Column, ...]
    RULES: dict[str, Rule]
    Parameters: type[FilterParameters]

    @staticmethod
    def measure(text: Text, parameters: FilterParameters) -> Measurements:
        """Values of the filter's columns for one text; null where a value has no meaning."""
        ...
