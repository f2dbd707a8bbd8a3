"""--help of each script: what it does, its groups and examples, each of which composes."""

import ast
import shlex
import subprocess
import sys

import pytest
from conftest import ROOT
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from govstance.apply_config import APPLY_SCHEMAS
from govstance.config import register_schemas
from govstance.sweep_config import SWEEP_SCHEMAS

SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
CONFIGS = {path.stem: path for path in (ROOT / "configs").rglob("*.yaml") if path.parent.name in ("configs", "apply")}


@pytest.fixture(autouse=True)
def _schemas():
    register_schemas()
    register_schemas(APPLY_SCHEMAS)
    register_schemas(SWEEP_SCHEMAS)


def docstring(path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def examples(path) -> list[str]:
    return [line.strip() for line in docstring(path).splitlines() if line.startswith("  python scripts/")]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_each_script_says_what_it_does_with_three_examples_that_compose(path):
    assert "describe_script(__file__, __doc__)" in path.read_text(encoding="utf-8")
    assert len(examples(path)) >= 3
    for example in examples(path):
        script, *arguments = shlex.split(example)[1:]
        assert script == f"scripts/{path.name}"
        sweep = arguments[:1] == ["-m"]
        chosen = []
        for override in OverridesParser.create().parse_overrides(arguments[sweep:]):
            values = list(override.sweep_string_iterator()) if override.is_sweep_override() else None
            assert sweep or values is None, example
            chosen.append(f"{override.get_key_element()}={values[0]}" if values else override.input_line)
        config = CONFIGS[path.stem]
        with initialize_config_dir(str(config.parent), version_base="1.3"):
            composed = compose(config.stem, overrides=chosen, return_hydra_config=True)
        assert composed.hydra.help.template.startswith("\nSettings, each changed by name=value")  # no header here


def test_help_shows_the_docstring_the_groups_and_the_settings():
    result = subprocess.run(
        [sys.executable, "scripts/train.py", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Train on labelled rows, score on their test split")
    assert "python scripts/train.py -m seed=0,1,2" in result.stdout
    assert "  tracking: mlflow, none, tensorboard, trackio\n" in result.stdout
    assert "  search:" not in result.stdout
    assert "rerun_finished: false" in result.stdout
    assert "Hydra" not in result.stdout
