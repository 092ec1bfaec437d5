"""The functions of Drop, one module per feature. `main.py` says what calls what."""
