"""What every callable function does before its own work: who is asking, may they, and is the input right.

A feature module says what it wants and gets only calls that passed:

    class Rename(Input):
        name: Annotated[str, Meta(min_length=1, max_length=80)]

    @callable_handler(Rename, Limit(30, timedelta(hours=1)))
    def rename(call: Call[Rename]) -> dict[str, Any]:
        call.log("renamed", name=call.input.name)
        return {}

`main.py` publishes it with `on_call`. A refusal is a `Refusal` with a reason; the caller gets the code that
belongs to it, a sentence in their language, and `details` with `reason` and `requestId`.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Generic, TypeVar

import msgspec
from firebase_functions import https_fn
from firebase_functions.https_fn import CallableRequest
from firebase_functions.params import BoolParam
from flask import Request, Response
from werkzeug.exceptions import RequestEntityTooLarge

from app import clients, logs, suspensions
from app.addresses import check_may_share, judge, stored_email
from app.limits import Limit, count_call, limit_path
from app.optimistic import Changes, change
from app.paths import profile_path
from app.profiles import Profile, not_active
from app.refusals import Refusal
from app.request_bodies import MAX_BODY, read_body
from app.sentences import Locale, accepted_locale, known_locale
from app.user_events import UserRecord

ENFORCE_APP_CHECK = BoolParam(
    "ENFORCE_APP_CHECK",
    default=False,
    label="Enforce App Check",
    description="Whether callables answer only apps that Firebase App Check vouches for.",
)


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a callable takes; fields that it does not name are refused."""


class Nothing(Input, frozen=True):
    """The input of a callable that takes none."""


I = TypeVar("I", bound=Input)  # noqa: E741 - the letter of Input
Handler = Callable[[CallableRequest[Any]], Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[I]):
    """A call that passed every check. `profile` is None only where a handler asked for that."""

    uid: str
    email: str | None
    is_guest: bool
    auth_time: datetime
    now: datetime
    locale: Locale
    profile: Profile | None
    input: I
    request_id: str
    origin: str | None
    """Where the page that calls lies, as the browser says."""

    def log(self, message: str, **fields: Any) -> None:
        """A line in the log that says who called; the request's id is on every line anyway."""
        logs.info(message, uid=self.uid, **fields)


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who the ID token says is calling."""

    uid: str
    email: str | None
    email_verified: bool
    is_guest: bool
    auth_time: datetime

    @classmethod
    def of(cls, request: CallableRequest[Any]) -> _Caller:
        """Raises Refusal when nobody is signed in."""
        if request.auth is None or not request.auth.uid:
            raise Refusal("sign-in-required")
        token = request.auth.token
        return cls(
            uid=request.auth.uid,
            email=token.get("email"),
            email_verified=token.get("email_verified") is True,
            is_guest=token.get("firebase", {}).get("sign_in_provider") == "anonymous"
            and not token.get("email"),
            auth_time=datetime.fromtimestamp(token["auth_time"], UTC),
        )


@dataclass(frozen=True, slots=True)
class _Demands:
    """What a callable asks of a call."""

    action: str
    limit: Limit
    verified_email: bool
    account: bool
    states: Collection[str]
    profile_needed: bool


def callable_handler(
    input_type: type[I],
    limit: Limit,
    *,
    verified_email: bool = False,
    account: bool = False,
    states: Collection[str] = ("active",),
    profile_needed: bool = True,
) -> Callable[[Callable[[Call[I]], Any]], Handler]:
    """Makes a function of a `Call` one of a request. The function's name names its rate limit.

    `account` refuses guests, `verified_email` also everybody whose address is not confirmed or would not be
    admitted at sign-up, and who left suspended before. `states` are the states of a profile that may call;
    `profile_needed=False` lets those in who have no profile.
    """

    def decorate(function: Callable[[Call[I]], Any]) -> Handler:
        demands = _Demands(
            function.__name__, limit, verified_email, account or verified_email, states, profile_needed
        )

        @wraps(function)
        def handle(request: CallableRequest[Any]) -> Any:
            with logs.of_request(request.raw_request.headers) as request_id:
                return _answer(request, request_id, demands, input_type, function)

        return handle

    return decorate


def _answer(
    request: CallableRequest[Any],
    request_id: str,
    demands: _Demands,
    input_type: type[I],
    function: Callable[[Call[I]], Any],
) -> Any:
    """What the function gives. Raises HttpsError, which says why not."""
    locale = accepted_locale(request.raw_request.headers.get("Accept-Language"))
    now = datetime.now(UTC)
    try:
        if ENFORCE_APP_CHECK.value and request.app is None:
            raise Refusal("app-check-required")
        caller = _Caller.of(request)
        profile, refusal = _admit(caller, demands, now)
        locale = (profile and known_locale(profile.locale)) or locale
        if refusal is not None:
            raise refusal
        call = Call(
            uid=caller.uid,
            email=caller.email,
            is_guest=caller.is_guest,
            auth_time=caller.auth_time,
            now=now,
            locale=locale,
            profile=profile,
            input=parse_input(request.data, input_type),
            request_id=request_id,
            origin=request.raw_request.headers.get("Origin"),
        )
        result = function(call)
        call.log("call answered", function=demands.action)
        return result
    except Refusal as refusal:
        uid = request.auth.uid if request.auth else None
        logs.info("call refused", function=demands.action, uid=uid, reason=refusal.reason)
        raise refusal.as_https_error(locale, requestId=request_id) from refusal
    except Exception as error:
        logs.error("call failed", function=demands.action, cause=repr(error), trace=traceback.format_exc())
        reason = "unavailable" if clients.will_pass(error) else "internal"
        raise Refusal(reason).as_https_error(locale, requestId=request_id) from error


def _admit(caller: _Caller, demands: _Demands, now: datetime) -> tuple[Profile | None, Refusal | None]:
    """The caller's profile, and why the caller may not call, if so. Profile and rate limit take one request
    to read, and the count of an admitted call one to write.
    """
    profile_at, limit_at = profile_path(caller.uid), limit_path(demands.action, caller.uid)
    bars_at = suspensions.bar_paths(UserRecord(caller.uid, caller.email)) if demands.verified_email else []

    def decide(changes: Changes) -> tuple[Profile | None, Refusal | None]:
        fields, counted, *bars = changes.read(profile_at, limit_at, *bars_at)
        profile = None if fields is None else Profile.parse(fields)
        try:
            _check_caller(caller, profile, demands)
            # An address that the profile holds came in by a door, or an administrator let it in.
            was_admitted = profile is not None and profile.email == stored_email(caller.email)
            if not was_admitted and any(suspensions.is_barred(bar, now) for bar in bars):
                raise Refusal("suspended")
            count_call(changes, demands.action, caller.uid, counted, demands.limit, now)
        except Refusal as refusal:
            return profile, refusal
        return profile, None

    return change(decide)


def _check_caller(caller: _Caller, profile: Profile | None, demands: _Demands) -> None:
    """Raises Refusal when this user may not call."""
    if profile is None:
        if demands.profile_needed:
            raise Refusal("profile-missing")
    elif profile.sessions_ended_at is not None and caller.auth_time < profile.sessions_ended_at:
        raise Refusal("signed-out")
    elif profile.state not in demands.states:
        raise not_active(profile)
    if demands.account and caller.is_guest:
        raise Refusal("account-required")
    if demands.verified_email:
        check_may_share(judge(caller.email, caller.email_verified))


def parse_input(data: Any, input_type: type[I]) -> I:
    """The typed input. Raises Refusal, with the name of the wrong field in `field`."""
    try:
        return msgspec.convert({} if data is None else data, input_type)
    except msgspec.ValidationError as error:
        match = _WRONG_FIELD.search(str(error))
        raise Refusal("invalid-input", field=match[match.lastindex or 0][:64] if match else None) from error


# msgspec says "... field `a`" of a missing or unknown field, and ends with "at `$.a`" where a value is wrong.
_WRONG_FIELD = re.compile(r"at `\$\.(\w+)[^`]*`$|field `([^`]*)`")


def on_call(**options: Any) -> Callable[[Handler], Callable[[Request], Response]]:
    """`https_fn.on_call`, whose own refusals (a body or a token that is none) carry `details` too."""

    def decorate(handler: Handler) -> Callable[[Request], Response]:
        answer: Any = https_fn.on_call(**options)(handler)

        @wraps(answer)
        def function(request: Request) -> Response:
            clients.ensure_default_app()
            try:
                read_body(request, MAX_BODY)
            except RequestEntityTooLarge:
                return _refusal(request, "invalid-request")
            return _explain(request, answer(request))

        return function

    return decorate


def _explain(request: Request, response: Response) -> Response:
    """Gives an error of the SDK a reason; leaves everything else as it is."""
    error = response.get_json()["error"] if response.status_code >= 400 else None
    if error is None or "details" in error:
        return response
    reason = "sign-in-required" if error["status"] == "UNAUTHENTICATED" else "internal"
    if not _is_call(request):
        reason = "invalid-request"
    refusal = _refusal(request, reason)
    response.status_code = refusal.status_code
    response.set_data(refusal.get_data())
    return response


def _refusal(request: Request, reason: str) -> Response:
    locale = accepted_locale(request.headers.get("Accept-Language"))
    with logs.of_request(request.headers) as request_id:
        logs.info("call refused", path=request.path, reason=reason)
    error = Refusal(reason).as_https_error(locale, requestId=request_id)
    body = json.dumps({"error": error._as_dict()})
    return Response(body, error._http_error_code.status, content_type="application/json")


def _is_call(request: Request) -> bool:
    """Whether a request has the form that the protocol of callables asks for
    (https://firebase.google.com/docs/functions/callable-reference).
    """
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        return False
    return request.method == "POST" and isinstance(body, dict) and set(body) == {"data"}
