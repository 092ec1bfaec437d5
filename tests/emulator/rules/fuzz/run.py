"""Fuzz the rules engine with atheris: python -m tests.emulator.rules.fuzz.run -max_total_time=60"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["emulator.rules"]):
    from tests.emulator.rules.fuzz.target import try_input

HERE = Path(__file__).parent

if __name__ == "__main__":
    options = [f"-dict={HERE / 'rules.dict'}", "-max_len=4096", "-timeout=20"]
    atheris.Setup([sys.argv[0], *options, *sys.argv[1:], str(HERE / "corpus")], try_input)
    atheris.Fuzz()
