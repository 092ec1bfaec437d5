"""What people are told when something is refused, in their language. One sentence pair for each reason.

`{name}` in a sentence is filled from the details of the refusal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal

Locale = Literal["en", "ko"]

DEFAULT_LOCALE: Locale = "en"

SENTENCES: Mapping[str, Mapping[Locale, str]] = {
    "app-check-required": {
        "en": "This request did not come from the app. Please reload the page and try again.",
        "ko": "앱에서 보낸 요청이 아니에요. 페이지를 새로 고친 뒤 다시 시도해 주세요.",
    },
    "sign-in-required": {
        "en": "Please sign in first.",
        "ko": "먼저 로그인해 주세요.",
    },
    "signed-out": {
        "en": "You were signed out everywhere. Please sign in again.",
        "ko": "모든 기기에서 로그아웃됐어요. 다시 로그인해 주세요.",
    },
    "suspended": {
        "en": "This account is suspended. Please write to the people who run this site.",
        "ko": "이 계정은 정지됐어요. 사이트 운영자에게 문의해 주세요.",
    },
    "deleting": {
        "en": "This account is being deleted.",
        "ko": "이 계정은 삭제되는 중이에요.",
    },
    "profile-missing": {
        "en": "Your account is still being set up. Please try again in a moment.",
        "ko": "계정을 준비하고 있어요. 잠시 뒤 다시 시도해 주세요.",
    },
    "account-required": {
        "en": "Guests cannot do this. Please create an account first; your files stay.",
        "ko": "게스트는 사용할 수 없는 기능이에요. 먼저 계정을 만들어 주세요. 파일은 그대로 남아요.",
    },
    "email-not-verified": {
        "en": "Please confirm your e-mail address first.",
        "ko": "먼저 이메일 주소를 인증해 주세요.",
    },
    "rate-limited": {
        "en": "That was too often. Please try again in {wait}.",
        "ko": "요청이 너무 많아요. {wait} 뒤에 다시 시도해 주세요.",
    },
    "invalid-request": {
        "en": "The request cannot be read.",
        "ko": "요청을 읽을 수 없어요.",
    },
    "invalid-input": {
        "en": "Something in the request is not right. Please check what you entered.",
        "ko": "요청 내용이 올바르지 않아요. 입력한 내용을 확인해 주세요.",
    },
    "file-not-found": {
        "en": "This file does not exist any more.",
        "ko": "더 이상 없는 파일이에요.",
    },
    "file-not-ready": {
        "en": "Only files that are ready can be shared.",
        "ko": "준비가 끝난 파일만 공유할 수 있어요.",
    },
    "nothing-to-retry": {
        "en": "This file is not waiting for another try.",
        "ko": "다시 시도할 수 있는 파일이 아니에요.",
    },
    "share-not-found": {
        "en": "This link does not exist.",
        "ko": "없는 링크예요.",
    },
    "too-many-shares": {
        "en": "You have {limit} active links. Please end one of them first.",
        "ko": "사용 중인 링크가 {limit}개예요. 먼저 하나를 해제해 주세요.",
    },
    "recent-sign-in-required": {
        "en": "Please sign in again to do this.",
        "ko": "계속하려면 다시 로그인해 주세요.",
    },
    "invalid-email": {
        "en": "This e-mail address is not valid.",
        "ko": "올바른 이메일 주소가 아니에요.",
    },
    "blocked-domain": {
        "en": "Addresses at {domain} cannot be used here. Please use another e-mail address.",
        "ko": "{domain} 주소는 사용할 수 없어요. 다른 이메일 주소를 사용해 주세요.",
    },
    "unavailable": {
        "en": "This is not possible right now. Please try again in a moment.",
        "ko": "지금은 처리할 수 없어요. 잠시 뒤 다시 시도해 주세요.",
    },
    "internal": {
        "en": "Something went wrong on our side.",
        "ko": "저희 쪽에서 문제가 생겼어요.",
    },
}

_LANGUAGE = re.compile(r"\s*([A-Za-z]{1,8})(?:[-_][A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")


def sentence(reason: str, locale: Locale, values: Mapping[str, object]) -> str:
    """The sentence of a reason that stands in SENTENCES. `retryAfter` of `values`, in seconds, is
    told as `wait`.
    """
    wait = {"wait": _wait(seconds, locale)} if isinstance(seconds := values.get("retryAfter"), int) else {}
    return SENTENCES[reason][locale].format_map({**values, **wait})


_HOUR = 3600


def _wait(seconds: int, locale: Locale) -> str:
    """In seconds, as programs are told it too, or in hours where it is more than one."""
    if seconds <= _HOUR:
        return f"{seconds}초" if locale == "ko" else f"{seconds} seconds"
    hours = math.ceil(seconds / _HOUR)
    return f"{hours}시간" if locale == "ko" else f"{hours} hours"


def known_locale(text: object) -> Locale | None:
    """The language of a tag like `ko` or `ko-KR` when there are sentences in it."""
    language = re.split("[-_]", text.lower(), maxsplit=1)[0] if isinstance(text, str) else ""
    if language == "ko":
        return "ko"
    return "en" if language == "en" else None


def accepted_locale(header: str | None) -> Locale:
    """The language an `Accept-Language` header likes best, English when it likes none of ours."""
    ranges = [match for match in map(_LANGUAGE.fullmatch, (header or "")[:200].split(",")) if match]
    best = sorted(ranges, key=lambda match: float(match[2] or 1), reverse=True)
    known = (known_locale(match[1]) for match in best if float(match[2] or 1) > 0)
    return next((locale for locale in known if locale), DEFAULT_LOCALE)
