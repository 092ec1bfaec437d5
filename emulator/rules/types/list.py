"""Lists."""

from emulator.rules.errors import EvaluationError
from emulator.rules.limits import MAX_LIST_LENGTH, MAX_TEXT_LENGTH
from emulator.rules.types.equality import key
from emulator.rules.types.registry import Value, method
from emulator.rules.types.set import GROUP, RulesSet, has_all, has_any, has_only, keys_of
from emulator.rules.types.string import element_text

method(list, "hasAll", GROUP)(has_all)
method(list, "hasAny", GROUP)(has_any)
method(list, "hasOnly", GROUP)(has_only)


@method(list, "size")
def size(items: list[Value]) -> int:
    return len(items)


@method(list, "concat", list)
def concat(items: list[Value], more: list[Value]) -> list[Value]:
    if len(items) + len(more) > MAX_LIST_LENGTH:
        raise EvaluationError("List is too long.")
    return items + more


@method(list, "removeAll", list)
def remove_all(items: list[Value], unwanted: list[Value]) -> list[Value]:
    keys = keys_of(unwanted)
    return [item for item in items if key(item) not in keys]


@method(list, "join", str)
def join(items: list[Value], separator: str) -> str:
    texts = [element_text(item) for item in items]
    if sum(map(len, texts)) + len(separator) * len(texts) > MAX_TEXT_LENGTH:
        raise EvaluationError("String is too long.")
    return separator.join(texts)


@method(list, "toSet")
def to_set(items: list[Value]) -> RulesSet:
    return RulesSet(items)
