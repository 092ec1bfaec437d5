"""A compiled ruleset and the decisions it makes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from emulator.rules.compiler import CompiledAllow, CompiledBlock
from emulator.rules.coverage import Coverage
from emulator.rules.environment import Environment
from emulator.rules.errors import LimitExceeded, RulesError
from emulator.rules.issues import Issue
from emulator.rules.matching import Token
from emulator.rules.operators import not_bool
from emulator.rules.queries import listed_path, listed_resource
from emulator.rules.requests import RulesRequest
from emulator.rules.source import Source

Outcome: TypeAlias = tuple[int, Literal["allow", "deny", "error"]]
"""The line of an allow statement and what came of it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one allow statement did not allow. `cause` is "" where it was false."""

    method: str
    line: int
    cause: str = ""
    error_line: int = 0
    error_column: int = 0

    @property
    def subject(self) -> str:
        return f"for '{self.method}' @ L{self.line}"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one request.

    `message` is the text of the denial in the official form, "" when allowed. `errored` tells a denial in
    which an allow statement failed from one in which all were false.
    """

    allowed: bool
    outcomes: tuple[Outcome, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def message(self) -> str:
        return "" if self.allowed else denial_message(self)

    @property
    def errored(self) -> bool:
        return not self.allowed and any(reason.cause for reason in self.reasons)


def denial_message(*decisions: Decision) -> str:
    """The text of one denial for several decisions, such as create and update of a set without precondition.

    Positions of errors come first, then what was false, then the causes of the errors.
    """
    reasons = [reason for decision in decisions for reason in decision.reasons]
    errors = [reason for reason in reasons if reason.cause]
    places = [
        f"evaluation error at L{reason.error_line}:{reason.error_column} {reason.subject}"
        for reason in errors
    ]
    falses = [f"false {reason.subject}" for reason in reasons if not reason.cause]
    causes = [f"{reason.cause} {reason.subject}" for reason in errors]
    return "\n" + (", ".join(dict.fromkeys(places + falses + causes)) or "No matching allow statements")


_ALLOWED = Decision(True)


class Ruleset:
    """One rules file, ready to decide. `coverage` is None when it was compiled without."""

    def __init__(
        self,
        source: Source,
        version: int,
        warnings: tuple[Issue, ...],
        blocks: dict[str, tuple[CompiledBlock, ...]],
        coverage: Coverage | None,
    ) -> None:
        self._source = source
        self.source = source.text
        self.file_name = source.file_name
        self.version = version
        self.warnings = warnings
        self.coverage = coverage
        self._blocks = blocks
        self._candidates: dict[tuple[str, str, int], tuple[CompiledBlock, ...]] = {}

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(self._blocks)

    def evaluate(self, request: RulesRequest) -> Decision:
        """Decide. Whatever the request holds, the answer is a decision; errors deny."""
        if request.query is None:
            return self._decide(request, request.path, Environment(request))
        return self._decide_list(request)

    def _decide_list(self, request: RulesRequest) -> Decision:
        """Every disjunct must be allowed; the first that is not gives the reasons."""
        assert request.query is not None
        decision = _ALLOWED
        for disjunct in request.query.disjuncts or ((),):
            env = Environment(request)
            env.know_resource(listed_resource(disjunct))
            decision = self._decide(request, listed_path(request.path, request.query, disjunct), env)
            if not decision.allowed:
                break
        return decision

    def _decide(self, request: RulesRequest, path: tuple[Token, ...], env: Environment) -> Decision:
        outcomes: list[Outcome] = []
        reasons: list[Reason] = []
        for allow in self._allows(request.service, request.method, path, env):
            line = self._source.line(allow.start)
            failure = _failure(allow, env)
            if failure is True:
                outcomes.append((line, "allow"))
                return Decision(True, tuple(outcomes))
            if failure is False:
                outcomes.append((line, "deny"))
                reasons.append(Reason(request.method, line))
            else:
                outcomes.append((line, "error"))
                reasons.append(self._reason(request.method, line, allow, failure))
        return Decision(False, tuple(outcomes), tuple(reasons))

    def _allows(
        self, service: str, method: str, path: tuple[Token, ...], env: Environment
    ) -> Iterator[CompiledAllow]:
        """The allows of every match statement for the path, its wildcards set in the environment."""
        for block in self._candidate_blocks(service, method, len(path)):
            captures = block.pattern.captures(path)
            if captures is not None:
                env.captures = captures
                yield from block.allows[method]

    def _candidate_blocks(self, service: str, method: str, length: int) -> Iterable[CompiledBlock]:
        candidates = self._candidates.get((service, method, length))
        if candidates is None:
            candidates = tuple(
                block
                for block in self._blocks.get(service, ())
                if method in block.allows and block.pattern.fits(length)
            )
            if length <= _LONGEST_PATH_REMEMBERED:
                self._candidates[service, method, length] = candidates
        return candidates

    def _reason(self, method: str, line: int, allow: CompiledAllow, failure: RulesError) -> Reason:
        offset = failure.offset if failure.offset >= 0 else allow.start
        place = self._source.line(offset), self._source.column(offset)
        return Reason(method, line, failure.message, *place)


_LONGEST_PATH_REMEMBERED = 200


def _failure(allow: CompiledAllow, env: Environment) -> bool | RulesError:
    """The verdict of one allow statement, or the error that stands in its place."""
    try:
        env.spend(allow.cost)
        value = allow.condition(env, [])
    except RulesError as error:
        return error
    except RecursionError:
        env.depth = 0
        return LimitExceeded("Expressions are nested too deeply.")
    return value if value is True or value is False else not_bool(value)
