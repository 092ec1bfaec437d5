"""What the stand-ins stand for, each in a process that has imported nothing yet."""

import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=FUNCTIONS, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("module", "attribute", "function"),
    [
        ("util", "_auth", "verify_id_token"),
        ("util", "_app_check", "verify_token"),
        ("_identity_fn", "_token_verifier", "verify_auth_blocking_token"),
    ],
)
def test_stand_in_becomes_the_real_module_when_it_is_used(module, attribute, function):
    program = f"""
import app, sys
from firebase_functions.private import {module}
before = "firebase_admin" in sys.modules
used = {module}.{attribute}.{function}
real = sys.modules[{module}.{attribute}.__name__]
print(before, used is real.{function}, type(real).__name__)
"""
    assert run(program) == "False True module"


def test_others_import_the_real_package():
    program = """
import app, firebase_admin as admin
from firebase_admin import auth
print(auth.Client.__module__, admin.App.__module__)
"""
    assert run(program) == "firebase_admin._auth_client firebase_admin"


def test_what_was_imported_before_stays_as_it_is():
    program = """
import firebase_admin.auth as real
import app
from firebase_functions.private import util
print(util._auth is real)
"""
    assert run(program) == "True"


def test_unknown_name_is_an_attribute_error():
    program = """
import app
from firebase_functions.private import util
try:
    util._auth.no_such_function
except AttributeError as error:
    print("AttributeError")
"""
    assert run(program) == "AttributeError"
