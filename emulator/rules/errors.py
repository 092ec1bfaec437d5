"""How evaluation fails.

`EvaluationError` is the third truth value of the rules language: `&&` and `||` may absorb it.
`LimitExceeded` is not absorbed; it ends the evaluation of the allow statement it happens in.
"""


class RulesError(Exception):
    """The base of both, with the source offset of the expression that failed (-1 until it is known)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.offset = -1

    def at(self, offset: int) -> "RulesError":
        """Remember where it happened; the innermost expression wins."""
        if self.offset < 0:
            self.offset = offset
        return self


class EvaluationError(RulesError):
    """An error value."""


class LimitExceeded(RulesError):
    """A limit of one decision was reached."""


def null_value() -> EvaluationError:
    return EvaluationError("Null value error.")


def undefined_property(name: str) -> EvaluationError:
    return EvaluationError(f"Property {name} is undefined on object.")


def function_not_found(name: str) -> EvaluationError:
    return EvaluationError(f"Function not found error: Name: [{name}].")


def unsupported(received: str, expected: str) -> EvaluationError:
    return EvaluationError(f"Unsupported operation error. Received: {received}. Expected: {expected}.")


def type_error(received: str, expected: str) -> EvaluationError:
    return EvaluationError(f"Type error. Received one of: [{received}]. Expected one of: [{expected}].")


def out_of_bounds(index: object, size: int) -> EvaluationError:
    return EvaluationError(f"Index out of bound error. Index: [{index}] , size: [{size}].")


def unknown_value(name: str) -> EvaluationError:
    return EvaluationError(f"Unknown value error. The query does not determine {name}.")
