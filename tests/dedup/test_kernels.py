"""Machine code that is kept on disk belongs to the sources that are there now."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dedup.kernels

ROOT = Path(dedup.kernels.__file__).parents[1]
FOLDERS = ["dedup", "pipeline/extraction/content"]

OUTER = """
from dedup.kernels import compiled
from kernels_of_test.inner import STEP, inner

@compiled
def outer(number: int) -> int:
    return inner(number) + STEP
"""
INNER = """
from dedup.kernels import compiled

STEP = {step}

@compiled
def inner(number: int) -> int:
    return number * {factor}
"""
PROGRAM = "from kernels_of_test.outer import outer; print(outer(7), sum(outer.stats.cache_hits.values()))"


def test_no_kernel_outlives_a_source_that_it_was_compiled_from(tmp_path):
    """Functions and constants of another file are compiled into a kernel whose own file stays as it is."""
    package = tmp_path / "kernels_of_test"
    package.mkdir()
    (package / "outer.py").write_text(OUTER)
    inner = package / "inner.py"

    def run(factor: int, step: int) -> list[str]:
        inner.write_text(INNER.format(factor=factor, step=step))
        os.utime(inner, (1, 1))  # a copied tree may have any times
        environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
        environment |= {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", PROGRAM]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()

    assert run(2, 1) == ["15", "0"]
    assert run(2, 1) == ["15", "1"]  # nothing changed: what was kept is used
    assert run(3, 1) == ["22", "0"]
    assert run(3, 5) == ["26", "0"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_kernels_use_nothing_of_other_folders(folder):
    """The digest is of one folder: what a kernel takes from elsewhere could change unnoticed."""
    package = folder.replace("/", ".")
    kernels = 0
    for source in sorted((ROOT / folder).glob("*.py")):
        tree = ast.parse(source.read_text(encoding="utf-8"))
        foreign = {
            alias.asname or alias.name: statement.module
            for statement in ast.walk(tree)
            if isinstance(statement, ast.ImportFrom) and statement.module.rpartition(".")[0] != package
            for alias in statement.names
        }
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and "compiled" in map(ast.unparse, function.decorator_list):
                kernels += 1
                body = {node.id for line in function.body for node in ast.walk(line) if isinstance(node, ast.Name)}
                assert not body & foreign.keys(), f"{source.name}: {function.name}"
    assert kernels
