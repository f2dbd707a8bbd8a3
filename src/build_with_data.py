"""Carries into a wheel, and into the sources it may be built from, what reading needs and lies outside the package.

pyproject.toml names the classes. data/ and configs/ stay the only source. An editable install copies nothing: it reads
them where they are. Only a build imports this; it is no part of the package.
"""

from pathlib import Path

from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parents[1]
CARRIED = ("data/actors/*.yaml", "data/world/world.json", "configs/apply/predict.yaml", "configs/apply/serve.yaml")


class BuildWithData(build_py):
    """Builds the package with the gazetteer, outlines of maps and the settings of its commands in it, named alike."""

    def run(self) -> None:
        """Builds, then copies; a pattern without a file is an error, for the package would not work."""
        super().run()
        if self.editable_mode:
            return
        for pattern in CARRIED:
            files = sorted(ROOT.glob(pattern))
            if not files:
                raise FileNotFoundError(f"{ROOT}: expected {pattern}, found none; build from a whole checkout.")
            for file in files:
                target = Path(self.build_lib, "govstance", file.relative_to(ROOT))
                self.mkpath(str(target.parent))
                self.copy_file(str(file), str(target))


class SourcesWithData(sdist):
    """The archive of the sources, with what `BuildWithData` copies and this module, which no package holds."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Adds the files to those that setuptools finds."""
        carried = [file for pattern in CARRIED for file in sorted(ROOT.glob(pattern))]
        added = [str(file.relative_to(ROOT)) for file in (*carried, Path(__file__).resolve())]
        super().make_release_tree(base_dir, [*files, *added])
