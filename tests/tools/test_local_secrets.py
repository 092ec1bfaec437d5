"""functions/.secret.local, which every door of kit makes before the CLI reads it."""

from __future__ import annotations

import shlex
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools import local_secrets
from tools.terminal import Failure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".secret.local"


def value(file: Path) -> str:
    name, _, value = file.read_text().strip().splitlines()[-1].partition("=")
    assert name == "SHARE_KEY"
    return value


def test_key_is_long_random_and_for_its_owner_alone(file: Path, tmp_path: Path):
    other = tmp_path / "other"
    local_secrets.ensure(file)
    local_secrets.ensure(other)
    assert len(value(file)) >= 43
    assert value(file) != value(other)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(tmp_path.iterdir()) == sorted([file, other])


def test_key_that_is_there_stays(file: Path):
    file.write_text("SHARE_KEY=chosen by a person\n")
    local_secrets.ensure(file)
    assert file.read_text() == "SHARE_KEY=chosen by a person\n"


@pytest.mark.parametrize("text", ["OTHER=1", "OTHER=1\n", "SHARE_KEY=\n", "# SHARE_KEY=x\n"])
def test_missing_key_is_added_to_what_is_there(file: Path, text: str):
    file.write_text(text)
    local_secrets.ensure(file)
    assert file.read_text().startswith(text)
    assert len(value(file)) >= 43


def test_kits_that_start_together_agree_on_a_key(file: Path):
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: (local_secrets.ensure(file), file.read_text())[1], range(8)))
    assert len(set(seen)) == 1


def test_evaluating_the_environment_is_enough_for_the_plain_cli():
    key = ROOT / "functions" / ".secret.local"
    before = key.read_bytes() if key.exists() else None
    script = f'eval "$({shlex.quote(str(ROOT))}/kit env)"'
    subprocess.run(["sh", "-c", script], check=True, cwd="/")
    assert "SHARE_KEY=" in key.read_text()
    assert before is None or key.read_bytes() == before


def test_git_never_takes_the_file():
    done = subprocess.run(
        ["git", "check-ignore", "functions/.secret.local", "functions/.secret.local.123"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("content", [b"SHARE_KEY=\xff\xfe\n", None], ids=["no text", "a folder"])
def test_file_that_cannot_be_read_is_named_and_stays(file: Path, content: bytes | None):
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(Failure, match=f"{file} cannot be read: "):
        local_secrets.ensure(file)
    assert file.is_dir() if content is None else file.read_bytes() == content
