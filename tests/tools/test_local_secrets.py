"""functions/.secret.local, which every door of kit makes before the CLI reads it."""

from __future__ import annotations

import json
import shlex
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools import local_secrets
from tools.configuration import configuration
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


@pytest.mark.parametrize(
    "text",
    [
        "OTHER=1",
        "OTHER=1\n",
        "SHARE_KEY=\n",
        "# SHARE_KEY=x\n",
        "SHARE_KEY=\nOTHER=1\n",
        "SHARE_KEY= # later\n",
        'SHARE_KEY=""\n',
        "MY_SHARE_KEY=x\n",
    ],
)
def test_missing_key_is_added_to_what_is_there(file: Path, text: str):
    file.write_text(text)
    local_secrets.ensure(file)
    assert file.read_text().startswith(text)
    assert len(value(file)) >= 43


@pytest.mark.parametrize(
    "line", ["\ufeffSHARE_KEY=mine", "export SHARE_KEY = 'mine' # ours", "OTHER=1\r\nSHARE_KEY=mine\r\n"]
)
def test_key_is_found_in_every_form_that_the_cli_reads(file: Path, line: str):
    file.write_bytes(line.encode())
    local_secrets.ensure(file)
    assert file.read_bytes() == line.encode()


def test_other_secrets_are_kept_byte_by_byte(file: Path):
    file.write_bytes(b"OTHER='\xff\xfe'\r\n")
    local_secrets.ensure(file)
    assert file.read_bytes().startswith(b"OTHER='\xff\xfe'\r\nSHARE_KEY=")


def test_codebases_that_use_the_secret_have_it_wherever_they_are(tmp_path: Path, capsys):
    for name, source in (("api", "SecretParam('SHARE_KEY')"), ("jobs", "pass")):
        (tmp_path / name / "app").mkdir(parents=True)
        (tmp_path / name / "main.py").write_text("")
        (tmp_path / name / "app" / "module.py").write_text(source)
    functions = [{"source": "api", "codebase": "a"}, {"source": "jobs", "codebase": "b"}, {"source": "gone"}]
    (tmp_path / "firebase.json").write_text(json.dumps({"functions": functions}))
    local_secrets.ensure_all(configuration(tmp_path / "firebase.json"))
    assert len(value(tmp_path / "api" / ".secret.local")) >= 43
    assert not (tmp_path / "jobs" / ".secret.local").exists()
    assert capsys.readouterr().err == ""


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


def test_file_that_cannot_be_read_is_named_and_stays(file: Path):
    file.mkdir()
    with pytest.raises(Failure, match=f"{file} cannot be read: "):
        local_secrets.ensure(file)
    assert file.is_dir()
