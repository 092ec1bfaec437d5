"""Sets of values, equal by the strict equality of elements."""

from collections.abc import Hashable, Iterable, KeysView

from emulator.rules.types.equality import key
from emulator.rules.types.registry import TYPE_NAMES, Value, method


class RulesSet:
    """An immutable set that remembers the order in which its elements came."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[Value]) -> None:
        self._items: dict[Hashable, Value] = {}
        for item in items:
            self._items.setdefault(key(item), item)

    @property
    def items(self) -> tuple[Value, ...]:
        return tuple(self._items.values())

    @property
    def keys(self) -> KeysView[Hashable]:
        return self._items.keys()

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RulesSet) and self.keys == other.keys

    def __hash__(self) -> int:
        return hash(frozenset(self._items))

    def __repr__(self) -> str:
        return f"RulesSet({list(self.items)!r})"


TYPE_NAMES[RulesSet] = "set"
GROUP = (list, RulesSet)


def keys_of(group: "list[Value] | RulesSet") -> frozenset[Hashable]:
    """The keys of the elements of a list or a set."""
    return frozenset(group.keys if isinstance(group, RulesSet) else [key(item) for item in group])


def has_all(group: "list[Value] | RulesSet", wanted: "list[Value] | RulesSet") -> bool:
    return keys_of(group) >= keys_of(wanted)


def has_any(group: "list[Value] | RulesSet", wanted: "list[Value] | RulesSet") -> bool:
    return not keys_of(group).isdisjoint(keys_of(wanted))


def has_only(group: "list[Value] | RulesSet", allowed: "list[Value] | RulesSet") -> bool:
    return keys_of(group) <= keys_of(allowed)


method(RulesSet, "hasAll", GROUP)(has_all)
method(RulesSet, "hasAny", GROUP)(has_any)
method(RulesSet, "hasOnly", GROUP)(has_only)


@method(RulesSet, "size")
def size(group: RulesSet) -> int:
    return len(group)


@method(RulesSet, "union", RulesSet)
def union(left: RulesSet, right: RulesSet) -> RulesSet:
    return RulesSet(left.items + right.items)


@method(RulesSet, "intersection", RulesSet)
def intersection(left: RulesSet, right: RulesSet) -> RulesSet:
    return RulesSet(item for item in left.items if key(item) in right.keys)


@method(RulesSet, "difference", RulesSet)
def difference(left: RulesSet, right: RulesSet) -> RulesSet:
    return RulesSet(item for item in left.items if key(item) not in right.keys)
