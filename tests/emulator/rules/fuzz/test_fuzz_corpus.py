"""Every kept input of the fuzzer, without the fuzzer."""

from pathlib import Path

import pytest

from tests.emulator.rules.fuzz.target import try_input

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


def test_corpus_is_there():
    assert len(CORPUS) >= 20


@pytest.mark.parametrize("path", CORPUS, ids=[path.name for path in CORPUS])
def test_kept_input_does_no_harm(path):
    try_input(path.read_bytes())
