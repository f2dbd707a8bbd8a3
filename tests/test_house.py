"""The plan of the house: which floor may import which, and a file map that tells the truth."""

import ast
import doctest
import importlib
import re
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "src" / "govstance"
# A floor imports only floors before it; modules of one floor may import each other.
FLOORS = (
    ("errors", "schema", "threads", "progress"),
    ("config", "apply_config", "sweep_config"),
    ("files",),
    ("targets", "actors", "facts"),
    ("text",),
    ("corpus",),
    # Below what it judges: training chooses thresholds with it, and it can't look at a model.
    ("evaluation",),
    ("models",),
    ("training",),
    ("inference",),
    ("reporting",),
    ("serving",),
    ("jobs",),
    ("classifier", "command", "serve_command"),
)
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}
MODULES = sorted(PACKAGE.rglob("*.py"))


def floor_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_floors(path: Path) -> set[str]:
    floors = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("govstance."):
            floors.add(node.module.split(".")[1])
    return floors


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_floor_imports_only_floors_below(path):
    floor = floor_of(path)
    if floor == "__init__":
        assert imported_floors(path) == {"classifier"}  # for type checkers only, else when first asked for
        return
    for imported in imported_floors(path):
        assert LEVEL[imported] <= LEVEL[floor], f"{floor} imports {imported}"


@pytest.mark.parametrize("floor", ["evaluation", "reporting"])
def test_scores_and_reports_never_import_models(floor):
    for path in (PACKAGE / floor).glob("*.py"):
        assert "models" not in imported_floors(path)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_open_with_what_they_own_and_stay_readable(path):
    source = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source))
    assert source.count("\n") <= 330


def test_the_file_map_of_the_readme_is_true():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    file_map = readme.split("## Where things are")[1].split("\n## ")[0]
    named = set(re.findall(r"`([\w./]+)`", file_map))
    assert {name for name in named if not (ROOT / name).exists()} == set()
    top_level = {"configs/", "src/govstance/", "data/", "scripts/", "tests/", "outputs/", "docs/", "benchmarks/"}
    assert top_level <= named
    packages = {f"src/govstance/{path.name}/" for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert packages <= named


def test_no_path_of_one_machine_is_in_the_code():
    others = [
        *(ROOT / "scripts").glob("*.py"),
        *(ROOT / "benchmarks").glob("*.py"),
        *(ROOT / "configs").rglob("*.yaml"),
    ]
    for path in [*MODULES, *others]:
        assert not re.search(r"(?<![\w.])/(work|home|root)/", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("path", [path for path in MODULES if ">>> " in path.read_text(encoding="utf-8")], ids=str)
def test_examples_in_docstrings_give_what_they_say(path):
    module = importlib.import_module(".".join(path.relative_to(ROOT / "src").with_suffix("").parts))
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed
