"""Why something was refused: a reason for programs, a code of Firebase, and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping

from firebase_functions.https_fn import FunctionsErrorCode, HttpsError

from app.sentences import Locale, sentence

CODES: Mapping[str, FunctionsErrorCode] = {
    "app-check-required": FunctionsErrorCode.UNAUTHENTICATED,
    "sign-in-required": FunctionsErrorCode.UNAUTHENTICATED,
    "signed-out": FunctionsErrorCode.UNAUTHENTICATED,
    "suspended": FunctionsErrorCode.PERMISSION_DENIED,
    "deleting": FunctionsErrorCode.PERMISSION_DENIED,
    "profile-missing": FunctionsErrorCode.FAILED_PRECONDITION,
    "account-required": FunctionsErrorCode.FAILED_PRECONDITION,
    "email-not-verified": FunctionsErrorCode.FAILED_PRECONDITION,
    "rate-limited": FunctionsErrorCode.RESOURCE_EXHAUSTED,
    "invalid-request": FunctionsErrorCode.INVALID_ARGUMENT,
    "invalid-input": FunctionsErrorCode.INVALID_ARGUMENT,
    "file-not-found": FunctionsErrorCode.NOT_FOUND,
    "file-not-ready": FunctionsErrorCode.FAILED_PRECONDITION,
    "nothing-to-retry": FunctionsErrorCode.FAILED_PRECONDITION,
    "share-not-found": FunctionsErrorCode.NOT_FOUND,
    "too-many-shares": FunctionsErrorCode.RESOURCE_EXHAUSTED,
    "recent-sign-in-required": FunctionsErrorCode.FAILED_PRECONDITION,
    "invalid-email": FunctionsErrorCode.INVALID_ARGUMENT,
    "blocked-domain": FunctionsErrorCode.PERMISSION_DENIED,
    "unavailable": FunctionsErrorCode.UNAVAILABLE,
    "internal": FunctionsErrorCode.INTERNAL,
}
"""Every reason, which also has its sentences in `sentences.py`."""


class Refusal(Exception):
    """Something was refused for `reason`, a key of CODES. The caller gets `details`, which also fill the
    sentence.
    """

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details

    def as_https_error(self, locale: Locale, **more: object) -> HttpsError:
        """The error as the client sees it, `details` holding the reason and `more`."""
        message = sentence(self.reason, locale, self.details)
        return HttpsError(CODES[self.reason], message, {"reason": self.reason, **self.details, **more})
