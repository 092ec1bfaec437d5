import unicodedata

import pytest
from app.accounts import (
    InvalidEmail,
    ascii_lower,
    blocked_domain,
    default_name,
    folded_email,
    judge_email,
    normalize_email,
    parse_list,
    role_at_creation,
)
from hypothesis import given
from hypothesis import strategies as st


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
        "ann@exam\u200bple.com",
        "ann@exam_ple.com",
        "ann@[127.0.0.1]",
        "ann@good.example\uff20mailinator.com",
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


@pytest.mark.parametrize(
    "email",
    [
        pytest.param("a@MAILINATOR.com", id="capitals"),
        pytest.param("a@mailinator.com.", id="final dot"),
        pytest.param("a@mailinator.com..", id="two final dots"),
        pytest.param("a@mailinator.com\u3002", id="ideographic final dot"),
        pytest.param("a@mailinator\uff0ecom", id="fullwidth dot"),
        pytest.param("a@mail\uff49nator.com", id="fullwidth letter"),
        pytest.param("a@\U0001d426ailinator.com", id="mathematical letter"),
        pytest.param("a@mail\u200dinator.com", id="zero-width joiner"),
        pytest.param("a@mail\u00adinator.com", id="soft hyphen"),
        pytest.param("a@mail\ufe0finator.com", id="variation selector"),
        pytest.param("a@ mailinator.com ", id="spaces"),
        pytest.param("a@xn--mailinator-.com", id="punycode of plain letters"),
        pytest.param("a@x\uff4e--mailinator-.com", id="punycode in fullwidth"),
        pytest.param("a\uff20mailinator.com", id="fullwidth at sign"),
        pytest.param("a@good.example\uff20mailinator.com", id="second at sign in fullwidth"),
    ],
)
def test_blocked_domain_is_found_in_every_spelling(email):
    assert blocked_domain(email, BLOCKED) == "mailinator.com"


@pytest.mark.parametrize(
    "entry", ["stra\u00dfe.example", "strasse.example", "xn--strae-oqa.example", "STRASSE.example."]
)
@pytest.mark.parametrize("domain", ["stra\u00dfe.example", "strasse.example", "xn--strae-oqa.example"])
def test_blocked_domain_covers_what_either_idna_takes_for_the_same(entry, domain):
    """IDNA 2003 makes ss of ß, IDNA 2008 a domain of its own."""
    assert blocked_domain(f"a@{domain}", parse_list(entry)) is not None


@pytest.mark.parametrize(
    "entry", ["@mailinator.com", "*.mailinator.com", ".mailinator.com", "mailinator.com."]
)
def test_entry_of_a_blocked_domain_may_be_written_in_other_ways(entry):
    assert blocked_domain("a@mx.mailinator.com", parse_list(entry)) == "mailinator.com"


def test_letter_of_another_script_is_another_domain():
    assert blocked_domain("a@m\u0430ilinator.com", BLOCKED) is None


@pytest.mark.parametrize(
    "email",
    [
        "ann@example.com",
        "ANN@Example.com.",
        "ann+tag@example.com",
        "\uff41nn@ex\u200bample.com",
        "ann@EXAMPLE。com",
    ],
)
def test_folded_email_is_one_for_every_spelling(email):
    assert folded_email(email) == "ann@example.com"


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


ADMINS = parse_list("Boss@Example.com")


@pytest.mark.parametrize(
    "email",
    [
        pytest.param("boss@ｅxample.com", id="fullwidth letter in the domain"),
        pytest.param("ｂoss@example.com", id="fullwidth letter before the at sign"),
        pytest.param("boss@ex\u0430mple.com", id="Cyrillic letter"),
        pytest.param("boss@example.com.", id="final dot"),
        pytest.param("boss@example\u3002com", id="ideographic dot"),
        pytest.param("boss+x@example.com", id="tag"),
        pytest.param(" boss@example.com", id="space"),
        pytest.param("boss@example.com\u200b", id="zero-width space"),
        pytest.param("bo\u00adss@example.com", id="soft hyphen"),
        pytest.param("bo\u017fs@example.com", id="long s"),
        pytest.param("boss@mail.example.com", id="subdomain"),
        pytest.param('"boss"@example.com', id="quoted"),
    ],
)
def test_address_that_only_looks_like_an_administrators_makes_none(email):
    assert judge_email(email, True, BLOCKED, ADMINS).role == "user"
    assert judge_email("boss@example.com", True, BLOCKED, ADMINS).role == "admin"


LOOKALIKES = {
    letter: sorted(
        {letter, letter.upper()}
        | {
            chr(code)
            for code in range(0x20, 0x30000)
            if unicodedata.normalize("NFKC", chr(code)).casefold() == letter
        }
    )
    for letter in "bosexamplc@."
}
disguised = st.tuples(
    *(
        st.sampled_from([*LOOKALIKES[letter], f"{letter}\u200d", f"{letter}\u00ad"])
        for letter in "boss@example.com"
    )
).map("".join)


@given(st.one_of(disguised, st.text(), st.emails()), st.booleans())
def test_administrator_is_exactly_who_is_named_and_proved(email, verified):
    is_admin = judge_email(email, verified, frozenset(), ADMINS).role == "admin"
    assert is_admin == (verified and ascii_lower(email) == "boss@example.com")


spelled = st.tuples(
    *(st.sampled_from([*LOOKALIKES.get(letter, [letter]), f"{letter}\u200d"]) for letter in "example.com")
).map("".join)


@given(spelled)
def test_blocked_domain_cannot_be_spelled_so_that_it_is_admitted(domain):
    verdict = judge_email(f"a@{domain}", True, frozenset({"example.com"}), ADMINS)
    assert (verdict.problem, verdict.may_share, verdict.role) == ("blocked-domain", False, "user")


@given(st.text())
def test_no_text_breaks_the_judgement(email):
    verdict = judge_email(email, True, BLOCKED, ADMINS)
    assert verdict.may_share == (verdict.problem is None and bool(email))


@pytest.mark.parametrize(
    ("email", "verified", "problem", "may_share"),
    [
        pytest.param(None, True, None, False, id="no address"),
        pytest.param("ann@example.com", False, None, False, id="not confirmed"),
        pytest.param("ann@example.com", True, None, True, id="confirmed"),
        pytest.param("ann@mailinator.com", True, "blocked-domain", False, id="blocked"),
        pytest.param("ann@localhost", True, "invalid-email", False, id="no address of this product"),
    ],
)
def test_one_judgement_says_what_an_address_may_do(email, verified, problem, may_share):
    verdict = judge_email(email, verified, BLOCKED, ADMINS)
    assert (verdict.problem, verdict.may_share) == (problem, may_share)
