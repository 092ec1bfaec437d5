"""The functions of Drop, one module per feature. `main.py` says what calls what."""

from app.lean_sdk import import_sdk

import_sdk()
