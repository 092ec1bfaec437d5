"""docs/testing-rules.md: its examples run."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import testing.rules as library
from testing.rules import RulesFiles

GUIDE = (Path(__file__).parents[2] / "docs" / "testing-rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
EVERYTHING = "rules_version = '2'; service {} {{ match /{{path=**}} {{ allow read, write: if true; }} }}"


@pytest.fixture
def names():
    """What the examples import, or leave out because it is plain."""
    exported = {name: getattr(library, name) for name in library.__all__}
    return exported | {"UTC": UTC, "datetime": datetime, "timedelta": timedelta, "pytest": pytest}


def example(word):
    [found] = [text for text in EXAMPLES if word in text]
    return compile(found, "docs/testing-rules.md", "exec")


def test_first_example_passes(rules, names):
    exec(example("def test_profile_is_read_by_its_owner"), names)  # noqa: S102 - our own page
    names["test_profile_is_read_by_its_owner"](rules)


class TestWithoutRules:
    @pytest.fixture
    def rules_files(self):
        return RulesFiles(EVERYTHING.format("cloud.firestore"), EVERYTHING.format("firebase.storage"))

    def test_every_request_of_the_guide_is_one_that_the_library_makes(self, rules, names):
        rules.seed({"counters/c": {"n": 1}})
        exec(example("alice.batch()"), names | {"rules": rules})  # noqa: S102
        assert rules.bypassing_rules().firestore.get("counters/c").data == {"n": 2}

    def test_seed_and_time_are_as_the_guide_says(self, rules, names):
        exec(example("rules.seed(\n"), names | {"rules": rules})  # noqa: S102
        server = rules.bypassing_rules()
        assert server.storage.list("alice").data == ["alice/a.png", "alice/b.png"]
        assert rules.now == datetime(2027, 1, 1, tzinfo=UTC)


def test_override_of_the_rules_is_a_fixture(names):
    exec(example("def rules_files"), names)  # noqa: S102
