"""./kit seed, for real: what it writes now is what is in the tree."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools import saved_data, seed_export

ROOT = Path(__file__).parents[2]


def test_seed_written_again_is_the_seed_in_the_tree(tmp_path: Path):
    subprocess.run([ROOT / "kit", "seed", "--to", tmp_path / "seed"], check=True)
    assert saved_data.complete(tmp_path / "seed")
    assert seed_export.same_content(tmp_path / "seed", ROOT / "emulator-data")


def test_changed_blob_is_another_seed(tmp_path: Path):
    for name in ("one", "other"):
        blobs = tmp_path / name / "storage_export" / "blobs"
        blobs.mkdir(parents=True)
        (blobs / "file").write_text(name)
    assert not seed_export.same_content(tmp_path / "one", tmp_path / "other")


def test_moment_of_the_export_does_not_make_another_seed(tmp_path: Path):
    for name in ("one", "other"):
        kinds = tmp_path / name / "firestore_export" / "all_namespaces" / "all_kinds"
        kinds.mkdir(parents=True)
        (kinds / "all_namespaces_all_kinds.export_metadata").write_text(name)
    assert seed_export.same_content(tmp_path / "one", tmp_path / "other")
