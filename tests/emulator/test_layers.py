"""Imports point downwards, as the table in emulator/README.md says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

EMULATOR = Path(__file__).resolve().parents[2] / "emulator"

#: What each layer may import from the emulator, besides itself.
#: Other modules at the top are programs and may import everything.
ALLOWED = {
    "errors": set(),
    "rules": set(),
    "firestore": {"errors", "rules"},
    "wire": {"errors", "firestore", "rules"},
    "servers": {"errors", "firestore", "rules", "wire"},
}

#: Modules that do I/O or start threads; the domain and the rules have no business with them.
OUTSIDE_WORLD = {
    "os",
    "pathlib",
    "selectors",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "threading",
    "time",
    "urllib",
}


def _imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively, which hides the layer"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _layer(module: Path) -> str:
    return module.relative_to(EMULATOR).parts[0].removesuffix(".py")


def _modules(*layers: str) -> list[Path]:
    return [module for module in sorted(EMULATOR.rglob("*.py")) if _layer(module) in layers]


def _name(module: Path) -> str:
    return str(module.relative_to(EMULATOR))


def test_every_layer_is_there() -> None:
    assert {_layer(module) for module in _modules(*ALLOWED)} == set(ALLOWED)


@pytest.mark.parametrize("module", _modules(*ALLOWED), ids=_name)
def test_module_imports_only_from_below(module: Path) -> None:
    layer = _layer(module)

    imported = {name.split(".")[1] for name in _imported(module) if name.startswith("emulator.")}

    assert imported - {layer} <= ALLOWED[layer]


@pytest.mark.parametrize("module", _modules("firestore", "rules"), ids=_name)
def test_domain_does_no_input_or_output(module: Path) -> None:
    assert {name.split(".")[0] for name in _imported(module)} & OUTSIDE_WORLD <= {"sys"}
