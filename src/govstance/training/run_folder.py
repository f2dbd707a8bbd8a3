"""The folder of a run: provenance, and `latest`, which only a finished training run becomes."""

import datetime
import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from govstance.files import path_from_here, sha256_of_file, write_json

PACKAGES = (
    "govstance",
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "evaluate",
    "scikit-learn",
    "numpy",
    "hydra-core",
)
PROVENANCE_FILE = "provenance.json"
LATEST = "latest"


@dataclass(frozen=True)
class Beginning:
    """When a run began and from which source: what is edited while it goes on is not what it ran.

    Attributes:
        moment: With time zone.
        commit: None where there is no repository.
        uncommitted_changes: Whether the source differed from it.
    """

    moment: datetime.datetime
    commit: str | None
    uncommitted_changes: bool


def beginning() -> Beginning:
    """Of a run that begins now."""
    return Beginning(now(), _git("rev-parse", "HEAD"), bool(_git("status", "--porcelain")))


def data_fingerprints(files: Sequence[Path]) -> list[dict[str, str]]:
    """Path (from the working folder where it lies below it) and sha256 of each file."""
    return [{"path": str(path_from_here(path)), "sha256": sha256_of_file(path)} for path in files]


def write_provenance(
    run_folder: Path,
    *,
    seed: int | None,
    data: list[dict[str, str]],
    started: Beginning,
    model: str | None = None,
) -> None:
    """Writes provenance.json: what made this run, enough to make it again.

    Args:
        run_folder: Receives the file.
        seed: Of the run; None where nothing is drawn.
        data: From `data_fingerprints`.
        started: From `beginning`, called before anything else.
        model: The model that was scored, links resolved: outputs/latest is another run tomorrow. None: the run's own.
    """
    write_json(
        run_folder / PROVENANCE_FILE,
        {
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "started": started.moment.isoformat(timespec="seconds"),
            "finished": now().isoformat(timespec="seconds"),
            "seed": seed,
            "model": model,
            "commit": started.commit,
            "uncommitted_changes": started.uncommitted_changes,
            "data": data,
            "versions": {"python": platform.python_version()} | library_versions(),
            "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "system": platform.system()},
            # Linux counts in KiB.
            "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        },
    )


def point_latest_to(run_folder: Path, outputs: Path) -> Path:
    """Makes outputs/latest a link to a finished run; the swap is atomic.

    Returns:
        The link.
    """
    outputs.mkdir(parents=True, exist_ok=True)
    link = outputs / LATEST
    temporary = outputs / f".{LATEST}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(run_folder.resolve(), outputs.resolve()))
    os.replace(temporary, link)
    return link


def now() -> datetime.datetime:
    """The present, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def library_versions() -> dict[str, str]:
    """Versions of the libraries that a result may depend on."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def _git(*arguments: str) -> str | None:
    """What git says of the source tree; None where there is no git or no repository."""
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
