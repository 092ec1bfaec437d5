"""The page of somebody who replaced ours: found, built at once, and refused once for all that is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.project_copy import ProjectCopy, copy_project

PAGE = """<!doctype html>
<title>Mine</title>
<!-- <script src="/not/any/more.js"></script> -->
<link rel="stylesheet" href="/style.css" />
<script type="module" src="/main.js"></script>
"""
ENSURE_BUILT = "from tools import page; page.ensure_built()"


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """Without our page."""
    copy = copy_project(tmp_path)
    copy.remove("hosting/src", "hosting/index.html", "hosting/share.html", "hosting/404.html")
    return copy


def build(project: ProjectCopy) -> subprocess.CompletedProcess[str]:
    return project.run("npm", "run", "build", "--silent", "--", "--logLevel", "warn")


def ensure_built(project: ProjectCopy) -> subprocess.CompletedProcess[str]:
    return project.run(sys.executable, "-P", "-c", ENSURE_BUILT)


def test_another_page_is_built_at_the_first_attempt_without_a_warning(project: ProjectCopy):
    project.write("hosting/index.html", PAGE)
    project.write("hosting/main.js", "document.body.append('mine');")
    project.write("hosting/style.css", "body { color: red }")
    project.write("hosting/about/index.html", "<title>About</title>")
    done = build(project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "Mine" in project.read("hosting/dist/index.html")
    assert "About" in project.read("hosting/dist/about/index.html")
    assert not (project.folder / "hosting/dist/sw.js").exists()


def test_page_with_firestore_is_built_without_a_warning_too(project: ProjectCopy):
    project.write("hosting/index.html", '<script type="module" src="main.js"></script>')
    project.write(
        "hosting/main.js", "import { getFirestore } from 'firebase/firestore';\nconsole.log(getFirestore);"
    )
    done = build(project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_everything_that_pages_name_and_that_is_missing_is_told_at_once(project: ProjectCopy):
    project.write("hosting/index.html", PAGE)
    project.write(
        "hosting/about.html",
        '<script src="src/first.js"></script><script src="/__/firebase/init.js"></script>',
    )
    done = build(project)
    assert done.returncode != 0
    for said in (
        "about.html names src/first.js, and there is no such file",
        "index.html names /main.js, and there is no such file",
        "index.html names /style.css, and there is no such file",
        "Write what is missing, or remove the page or the line that names it.",
    ):
        assert said in done.stderr
    assert "any/more.js" not in done.stderr
    assert "__/firebase" not in done.stderr


def test_our_pages_without_their_sources_are_named_together(tmp_path: Path):
    project = copy_project(tmp_path)
    project.remove("hosting/src")
    done = build(project)
    assert done.returncode != 0
    for said in ("404.html names", "index.html names /src/main.js", "share.html names /src/share/main.js"):
        assert said in done.stderr


def test_build_without_any_page_says_what_to_write(project: ProjectCopy):
    done = build(project)
    assert done.returncode != 0
    assert "there is no page in hosting: write an index.html there" in done.stderr


def test_kit_goes_on_without_any_page_and_says_so(project: ProjectCopy):
    done = ensure_built(project)
    assert done.returncode == 0, done.stderr
    assert "hosting/ holds no .html file, so nothing is built" in done.stderr
    project.remove("hosting")
    assert ensure_built(project).returncode == 0


def test_kit_builds_a_page_once_and_again_when_it_changed(project: ProjectCopy):
    project.write("hosting/index.html", "<title>One</title>")
    assert "Page built" in ensure_built(project).stderr
    assert ensure_built(project).stderr == ""
    project.write("hosting/index.html", "<title>Two</title>")
    assert "Page built" in ensure_built(project).stderr
    assert "Two" in project.read("hosting/dist/index.html")


@pytest.mark.parametrize("hosting", [{"public": "site"}, [{"site": "a", "public": "site"}], None])
def test_kit_builds_nothing_where_hosting_serves_another_folder(project: ProjectCopy, hosting: object):
    project.write("hosting/index.html", PAGE)  # which cannot be built
    project.write("firebase.json", {"hosting": hosting} if hosting else {})
    done = ensure_built(project)
    assert (done.returncode, done.stderr) == (0, "")


def test_kit_builds_nothing_where_package_json_has_no_build(project: ProjectCopy):
    project.write("hosting/index.html", PAGE)
    package = json.loads(project.read("package.json"))
    project.write("package.json", {**package, "scripts": {}})
    assert (ensure_built(project).returncode, ensure_built(project).stderr) == (0, "")
