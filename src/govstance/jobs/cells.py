"""A cell of a sweep that is finished is not run again: what makes two runs the same, and how the first one is found."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from govstance.config import TrainConfig
from govstance.files import expand_patterns, hashes_below, path_from_here, sha256_of_file, sha256_of_json
from govstance.jobs.command_line import output_folder, skip_cell
from govstance.jobs.places import PACKAGE, evidence_files, names_of_starts, place_of
from govstance.jobs.run_status import FINISHED, STATUS_FILE, status_of
from govstance.training.run_folder import PROVENANCE_FILE, library_versions

logger = logging.getLogger(__name__)

# Settings that change where things lie and what is shown, not what is learnt.
NOT_OF_THE_CELL = ("name", "paths", "tracking", "rerun_finished")


def fingerprint(config: TrainConfig) -> str:
    """A hash of everything that a training run depends on.

    Settings, the bytes of rows, targets and names of governments, those of a local backbone, the package's own code
    (which also tells changes that are in no commit) and the versions of the libraries.

    Raises:
        GovstanceError: A pattern of corpus.files matches no file.
    """
    settings = {name: value for name, value in asdict(config).items() if name not in NOT_OF_THE_CELL}
    data = Path(config.paths.data)
    rows = expand_patterns(config.corpus.files, option="corpus.files")
    parts: dict[str, Any] = {
        # What the files are called is no matter, the same rows in another checkout are the same.
        "settings": settings | {"corpus": settings["corpus"] | {"files": None, "path": None, "output": None}},
        "rows": [sha256_of_file(path) for path in rows],
        "targets": sha256_of_file(Path(config.corpus.targets or data / "targets.yaml")),
        "evidence": [sha256_of_file(path) for path in evidence_files(config)],
        "actors": hashes_below(data / "actors", "*"),
        "backbone": hashes_below(Path(config.model.backbone), "*") if config.model.backbone else None,
        "starts": [hashes_below(place_of(name), "*") for name in names_of_starts(config.model)],
        "code": hashes_below(PACKAGE, "*.py"),
        "versions": library_versions(),
    }
    for hashed in ("targets", "evidence"):
        parts["settings"]["corpus"].pop(hashed)
    return sha256_of_json(parts)


def finished_twin(outputs: Path, wanted: str) -> Path | None:
    """The newest finished run with a fingerprint, among runs and cells of sweeps; None where there is none."""
    found = []
    for path in (*outputs.glob(f"*/*/{STATUS_FILE}"), *outputs.glob(f"*/*/*/{STATUS_FILE}")):
        status = status_of(path.parent)
        whole = status is not None and status.state == FINISHED and (path.parent / PROVENANCE_FILE).is_file()
        if status is not None and whole and status.fingerprint == wanted:
            found.append((status.finished or "", path.parent))
    return max(found)[1] if found else None


def skip_where_finished(config: TrainConfig, wanted: str) -> bool:
    """Whether a finished run stands for this cell; says which, and records it in the cell's folder.

    Args:
        config: Of the cell.
        wanted: Its fingerprint.
    """
    twin = None if config.rerun_finished else finished_twin(Path(config.paths.outputs), wanted)
    if twin is None:
        return False
    logger.info("not run again, since %s is the same and finished (rerun_finished=true runs it)", path_from_here(twin))
    skip_cell(output_folder(), same_as=twin, fingerprint=wanted)
    return True
