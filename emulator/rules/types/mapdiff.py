"""The difference of two maps, as `after.diff(before)`."""

from dataclasses import dataclass

from emulator.rules.types.equality import key
from emulator.rules.types.registry import Value, method
from emulator.rules.types.set import RulesSet


@dataclass(frozen=True, slots=True, eq=False)
class MapDiff:
    after: dict[str, Value]
    before: dict[str, Value]


def _is_same(diff: MapDiff, name: str) -> bool:
    return key(diff.after[name]) == key(diff.before[name])


def _common(diff: MapDiff) -> list[str]:
    return [name for name in diff.after if name in diff.before]


@method(MapDiff, "addedKeys")
def added_keys(diff: MapDiff) -> RulesSet:
    return RulesSet(name for name in diff.after if name not in diff.before)


@method(MapDiff, "removedKeys")
def removed_keys(diff: MapDiff) -> RulesSet:
    return RulesSet(name for name in diff.before if name not in diff.after)


@method(MapDiff, "changedKeys")
def changed_keys(diff: MapDiff) -> RulesSet:
    return RulesSet(name for name in _common(diff) if not _is_same(diff, name))


@method(MapDiff, "unchangedKeys")
def unchanged_keys(diff: MapDiff) -> RulesSet:
    return RulesSet(name for name in _common(diff) if _is_same(diff, name))


@method(MapDiff, "affectedKeys")
def affected_keys(diff: MapDiff) -> RulesSet:
    changed = added_keys(diff).items + removed_keys(diff).items + changed_keys(diff).items
    return RulesSet(changed)
