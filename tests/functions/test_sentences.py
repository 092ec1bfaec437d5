import pytest
from app.sentences import accepted_locale, known_locale, sentence


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "en"),
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("en;q=0.5, ko;q=0.7", "ko"),
        ("de,fr;q=0.9,ko;q=0.1", "ko"),
        ("ko;q=0,en;q=0.1", "en"),
        ("de", "en"),
        ("*", "en"),
        (";;;,,ko;q=x," + "a" * 5000, "en"),
    ],
)
def test_language_is_the_one_the_browser_likes_best(header, expected):
    assert accepted_locale(header) == expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("ko", "ko"), ("ko_KR", "ko"), ("EN-gb", "en"), ("kok", None), ("", None), (None, None)],
)
def test_language_of_a_tag_is_known_or_not(tag, expected):
    assert known_locale(tag) == expected


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (1, "1 seconds", "1초"),
        (3_600, "3600 seconds", "3600초"),
        (3_601, "2 hours", "2시간"),
        (80_000, "23 hours", "23시간"),
    ],
)
def test_wait_is_told_in_a_unit_that_people_use(seconds, english, korean):
    assert f" {english}." in sentence("rate-limited", "en", {"retryAfter": seconds})
    assert f" {korean} 뒤" in sentence("rate-limited", "ko", {"retryAfter": seconds})
