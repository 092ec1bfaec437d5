"""What the constraints of an `Unknown` prove about it."""

from emulator.rules.types.equality import equal
from emulator.rules.types.ordering import comparable
from emulator.rules.types.registry import NUMBER, Value
from emulator.rules.types.unknown import Constraint, Unknown

_RANGES = frozenset({"<", "<=", ">", ">="})
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def proves(subject: Unknown, operator: str, value: Value) -> bool:
    """Whether every value that the constraints admit satisfies `subject <operator> value`."""
    return any(_implies(constraint, operator, value) for constraint in subject.constraints)


def proves_membership(subject: Unknown, item: Value) -> bool:
    """Whether an array-contains filter proves `item in subject`."""
    return any(known == "array-contains" and equal(bound, item) for known, bound in subject.constraints)


def _implies(constraint: Constraint, operator: str, value: Value) -> bool:
    if operator == "!=":
        return _excludes(constraint, value)
    known, bound = constraint
    if known not in _RANGES or known[0] != operator[0] or not comparable(bound, value):
        return False
    beyond = bound > value if operator[0] == ">" else bound < value
    return bool(beyond or (bound == value and (known == operator or operator[-1] == "=")))


def _excludes(constraint: Constraint, value: Value) -> bool:
    """Whether no value that satisfies the constraint equals `value`."""
    known, bound = constraint
    if known == "!=":
        return value is None or equal(bound, value)
    if known == "not-in":
        return value is None or any(equal(item, value) for item in bound)
    if known not in _RANGES or bound != bound:
        return False
    if comparable(bound, value):
        return not _satisfies(value, known, bound)
    return not _same_kind(bound, value)


def _satisfies(value: Value, operator: str, bound: Value) -> bool:
    if value == bound:
        return operator[-1] == "="
    return bool(value > bound) if operator[0] == ">" else bool(value < bound)


def _same_kind(left: Value, right: Value) -> bool:
    """A range filter matches only values of the kind of its operand."""
    return type(left) is type(right) or (type(left) in NUMBER and type(right) in NUMBER)
