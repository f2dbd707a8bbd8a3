"""What a wheel carries: the package as built holds the gazetteer and the settings, and finds them there."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder that a wheel is packed from, and an empty one."""
    folder, elsewhere = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("elsewhere")
    steps = ["egg_info", "--egg-base", str(elsewhere), "build_py", "--build-lib", str(folder)]
    result = subprocess.run(
        [sys.executable, "-c", "import setuptools; setuptools.setup()", "--quiet", *steps],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return folder, elsewhere


def test_it_holds_what_reading_needs_and_no_other_data(built):
    package = built[0] / "govstance"
    carried = {path.relative_to(package) for name in ("data", "configs") for path in (package / name).rglob("*.*")}
    configs = [ROOT / "configs" / "apply" / f"{name}.yaml" for name in ("predict", "serve")]
    expected = [*(ROOT / "data" / "actors").glob("*.yaml"), ROOT / "data" / "world" / "world.json", *configs]
    assert carried == {path.relative_to(ROOT) for path in expected}
    assert all((package / path).read_bytes() == (ROOT / path).read_bytes() for path in carried)
    for name in ("py.typed", "pretrained/delta.safetensors", "reporting/templates/stances.html"):
        assert (package / name).is_file()


def test_it_holds_the_page_of_the_server(built):
    source, carried = ROOT / "src" / "govstance" / "serving" / "page", built[0] / "govstance" / "serving" / "page"
    files = [path.relative_to(source) for path in source.rglob("*.*")]
    assert {path.name for path in files} >= {"index.html", "page.css", "main.js", "governments.json", "uk.json"}
    assert all((carried / path).read_bytes() == (source / path).read_bytes() for path in files)


def test_it_reads_its_own_copy(built):
    code = (
        "from govstance.config import PathsConfig\n"
        "from govstance.jobs.command_line import CONFIGS\n"
        "from govstance.jobs.places import mention_finder\n"
        "print(CONFIGS, *(m.government for m in mention_finder(PathsConfig()).find('Warsaw said no.', 'en', None)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=built[1],
        env=os.environ | {"PYTHONPATH": str(built[0])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(built[0] / "govstance" / "configs"), "POL"]
