"""The functions that belong to no value type."""

import logging

from emulator.rules.environment import Environment, Evaluate, Locals, resource_value
from emulator.rules.errors import EvaluationError, type_error
from emulator.rules.scopes import FIRESTORE_FUNCTIONS
from emulator.rules.types.path import Path
from emulator.rules.types.registry import ANY, Value, function, type_name
from emulator.rules.types.unknown import Unknown

_log = logging.getLogger("emulator.rules.debug")


@function("", "debug", ANY)
def debug(value: Value) -> Value:
    """Logs and returns its argument. Production does not have it, the official emulator has."""
    _log.info("debug: %r", value)
    return value


def document_function(name: str, argument: Evaluate) -> Evaluate:
    """`get`, `exists`, `getAfter` or `existsAfter`."""
    assert name in FIRESTORE_FUNCTIONS
    after = name.endswith("After")
    reads_existence = name.startswith("exists")

    def evaluate(env: Environment, slots: Locals) -> Value:
        document = env.document(name, _path(argument(env, slots)), after)
        return document is not None if reads_existence else resource_value(document)

    return evaluate


def _path(value: Value) -> Path:
    if type(value) is Path:
        return value
    if type(value) is Unknown:
        raise value.error()
    raise EvaluationError("Null value error.") if value is None else type_error(type_name(value), "path")
