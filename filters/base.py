"""What a filter is: a module with `COLUMNS`, `Parameters`, `measure` and `RULES`.

    COLUMNS: tuple[Column, ...]                 what `measure` adds
    class Parameters(FilterParameters): ...     what changes a measurement (a word list, a line length)
    def measure(text: Text, parameters: Parameters) -> Measurements
    RULES: dict[str, Rule]                      defaults of the rules over those columns

`measure` never decides: thresholds are rules, and rules are configuration that the decide stage applies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, model_validator

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


class Rule(BaseModel):
    """A document passes when its value lies within the bounds; a null was not measured and always passes.

    `min` and `max` are for numbers and booleans, `one_of` and `none_of` for strings; `*` there stands for anything.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    column: str
    min: float | None = None
    max: float | None = None
    one_of: tuple[str, ...] | None = None
    none_of: tuple[str, ...] | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def _bounds_leave_room(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}: no document could pass")
        return self


class Filter(Protocol):
    """The face of a filter module."""

    COLUMNS: tuple[Column, ...]
    RULES: dict[str, Rule]
    Parameters: type[FilterParameters]

    @staticmethod
    def measure(text: Text, parameters: FilterParameters) -> Measurements:
        """Values of the filter's columns for one text; null where a value has no meaning."""
        ...
