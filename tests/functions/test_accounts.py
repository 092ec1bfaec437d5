import pytest
from app.accounts import (
    InvalidEmail,
    blocked_domain,
    default_name,
    normalize_email,
    parse_list,
    role_at_creation,
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        pytest.param("ann@example.com", "ann@example.com", id="normal already"),
        pytest.param("  Ann@EXAMPLE.Com\n", "ann@example.com", id="case and outer space"),
        pytest.param("ann+drop@example.com", "ann+drop@example.com", id="tag stays"),
        pytest.param("ann@example.com.", "ann@example.com", id="final dot"),
        pytest.param("ann@bücher.example", "ann@xn--bcher-kva.example", id="international domain"),
        pytest.param("cafe\u0301@example.com", "caf\u00e9@example.com", id="composed letters"),
    ],
)
def test_normalize_email_gives_one_spelling(text, normal):
    assert normalize_email(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@localhost",
        "ann@b@example.com",
        "an n@example.com",
        "ann@exa mple.com",
        "ann\x00@example.com",
        "ann\u202e@example.com",
        "ann@example..com",
        "ann@" + "a" * 64 + ".com",
        "a" * 250 + "@example.com",
    ],
)
def test_normalize_email_refuses_what_is_no_address(text):
    with pytest.raises(InvalidEmail):
        normalize_email(text)


BLOCKED = frozenset({"mailinator.com", "throw.away.example"})


@pytest.mark.parametrize(
    ("email", "entry"),
    [
        ("a@mailinator.com", "mailinator.com"),
        ("a@mx.eu.mailinator.com", "mailinator.com"),
        ("a@throw.away.example", "throw.away.example"),
        ("a@away.example", None),
        ("a@notmailinator.com", None),
        ("a@mailinator.com.example", None),
        ("mailinator.com@example.com", None),
    ],
)
def test_blocked_domain_covers_subdomains_and_nothing_that_only_looks_alike(email, entry):
    assert blocked_domain(email, BLOCKED) == entry


def test_parse_list_splits_at_commas_and_white_space():
    assert parse_list(" A.com,b.com\n c.com,, ") == {"a.com", "b.com", "c.com"}


def test_parse_list_of_nothing_is_empty():
    assert parse_list("") == frozenset()


@pytest.mark.parametrize(
    ("display_name", "email", "name"),
    [
        pytest.param("Ann Lee", "x@example.com", "Ann Lee", id="display name"),
        pytest.param(None, "ann.lee@example.com", "ann.lee", id="local part"),
        pytest.param(" \u200b\n", "ann@example.com", "ann", id="display name that shows nothing"),
        pytest.param("Ann\r\n\tLee\u202e", None, "Ann Lee", id="one line, nothing invisible"),
        pytest.param(None, None, "User", id="nothing known"),
        pytest.param("김하늘", None, "김하늘", id="Korean"),
        pytest.param("n" * 200, None, "n" * 80, id="cut"),
    ],
)
def test_default_name_is_fit_to_show(display_name, email, name):
    assert default_name(display_name, email) == name


@pytest.mark.parametrize(
    ("email", "verified", "role"),
    [
        pytest.param("boss@example.com", True, "admin", id="listed and proved"),
        pytest.param("boss@example.com", False, "user", id="listed, not proved"),
        pytest.param("other@example.com", True, "user", id="proved, not listed"),
        pytest.param(None, True, "user", id="no address"),
    ],
)
def test_role_at_creation_needs_a_proved_and_listed_address(email, verified, role):
    assert role_at_creation(email, verified, frozenset({"boss@example.com"})) == role
