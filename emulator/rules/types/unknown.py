"""What a query leaves open: values that a list rule meets when it is judged by its query.

A document that a query returns is known only as far as its filters say. A comparison with an `Unknown` is
true when every value that satisfies its constraints satisfies the comparison, and an error otherwise;
it is never false. Observed on the official emulator.
"""

from dataclasses import dataclass
from typing import NoReturn

from emulator.rules.errors import EvaluationError, undefined_property, unknown_value
from emulator.rules.types.registry import TYPE_NAMES, Value

Constraint = tuple[str, Value]
"""A query operator and its operand, such as `(">=", 5)`."""


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """A value of which at most some constraints are known. `name` is for error texts."""

    name: str
    constraints: tuple[Constraint, ...] = ()

    def error(self) -> EvaluationError:
        return unknown_value(self.name)

    def equals(self, _other: Value) -> NoReturn:
        """No constraint proves equality: one that did would be `==`, and the value then is known."""
        raise self.error()


@dataclass(frozen=True, slots=True, eq=False)
class PartialMap:
    """A map of which only some fields are known, such as `resource.data` in a list rule."""

    name: str
    fields: dict[str, Value]

    def error(self) -> EvaluationError:
        return unknown_value(self.name)

    def equals(self, _other: Value) -> NoReturn:
        raise self.error()

    def field(self, name: str) -> Value:
        """A field that no filter names is absent, so that reading it is an error."""
        try:
            return self.fields[name]
        except KeyError:
            raise undefined_property(name) from None

    def contains(self, name: str) -> bool:
        """Every filter is satisfied only by documents that have its field; of others nothing is known."""
        if name in self.fields:
            return True
        raise unknown_value(f"{self.name}.{name}")


TYPE_NAMES[Unknown] = "unknown"
TYPE_NAMES[PartialMap] = "unknown"
