"""A credential for Google's client libraries that reaches nothing but the emulators.

The Admin SDK asks for Application Default Credentials even where it only talks to emulators, and fails with
DefaultCredentialsError on a machine without a Google login. With a login it would use a real account for
every service that has no emulator. So a suite of kit, and the commands beside it, get a service account that
exists only in this tree: Google knows neither its name nor its key and refuses both. The key signs URLs and
tokens, which the emulators accept.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tools.project import KIT, PROJECT_ID

FILE: Final = KIT / "credentials.json"

VARIABLE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
"""Where Google's libraries in every language look first, before a gcloud login and the metadata server."""
KEEP: Final = "KINDLING_KEEP_CREDENTIALS"
"""Set to 1, it keeps the credentials that the environment has."""
REPLACED: Final = "KINDLING_REPLACED_CREDENTIALS"
"""What VARIABLE named before, for the commands of the Firebase CLI that are not about emulators."""

_PUBLIC: Final[dict[str, Any]] = {
    "type": "service_account",
    "project_id": PROJECT_ID,
    "private_key_id": "emulators-only",
    "client_email": f"emulators-only@{PROJECT_ID}.iam.gserviceaccount.com",
    "client_id": "0",
    # Empty makes google-auth for Python sign its access tokens itself. It would fetch them from `token_uri`
    # otherwise, also for the Storage emulator, to which firebase-admin sends a token.
    "universe_domain": "",
    # Nothing listens there, so what fetches tokens from it fails at once and on this machine.
    "token_uri": "http://127.0.0.1:9/no-token-for-services-without-an-emulator",
}


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The variables that put ours in the place of the credential that `given` has; none when that stays."""
    if given.get(KEEP, "") not in ("", "0"):
        return {}
    before = given.get(VARIABLE, "")
    replaced = {REPLACED: before} if before not in ("", str(FILE)) else {}
    return {VARIABLE: str(FILE), **replaced}


def ensure(file: Path = FILE) -> None:
    """Make the file with a key of its own, unless it is there. Several kits may do so at once."""
    if _is_current(file):
        return
    outdated = file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")  # for its owner alone
    made = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            json.dump({**_PUBLIC, "private_key": _new_key()}, out, indent=2)
        if outdated:
            made.replace(file)
        else:
            os.link(made, file)
    except FileExistsError:
        pass  # another kit was faster, and its key is as good
    finally:
        made.unlink(missing_ok=True)


def _is_current(file: Path) -> bool:
    """Whether the file is one that this version of kit makes."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(held, dict) and bool(held.pop("private_key", "")) and held == _PUBLIC


def _new_key() -> str:
    # Imported here because only the first run needs it, and it takes a while.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
