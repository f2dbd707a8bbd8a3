"""The state of a run, in status.json of its folder: running, finished, failed, stopped, or skipped since another run
is the same. It is written when a run begins and when it ends, so a run that was killed is known by its process."""

import os
import platform
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from govstance.errors import GovstanceError
from govstance.files import read_json, write_json
from govstance.training.run_folder import now

STATUS_FILE = "status.json"
RUNNING, FINISHED, FAILED, STOPPED, SKIPPED = STATES = ("running", "finished", "failed", "stopped", "skipped")
TAIL_LINES = 12  # enough for an error and what came before it


@dataclass(frozen=True)
class RunStatus:
    """What status.json holds.

    Attributes:
        state: One of STATES.
        script: File name without ending, such as train.
        overrides: Of the command line.
        started: ISO 8601, UTC.
        finished: The same; None while it runs.
        host, process: Where it runs, to tell a running one from a killed one.
        fingerprint: Of settings, data and code (`cells.fingerprint`); None for scripts that no sweep skips.
        error: What ended it.
        same_as: The finished run that stands for a skipped one.
    """

    state: str
    script: str
    overrides: list[str]
    started: str
    finished: str | None
    host: str
    process: int
    fingerprint: str | None = None
    error: str | None = None
    same_as: str | None = None


def begin_run(run_folder: Path, *, script: str, overrides: list[str], fingerprint: str | None = None) -> None:
    """Writes that a run goes on, in this process."""
    status = RunStatus(
        state=RUNNING,
        script=script,
        overrides=overrides,
        started=now().isoformat(timespec="seconds"),
        finished=None,
        host=platform.node(),
        process=os.getpid(),
        fingerprint=fingerprint,
    )
    _write(run_folder, status)


def end_run(run_folder: Path, state: str, *, error: str | None = None, same_as: Path | None = None) -> None:
    """Writes how a run ended; does nothing where this process began none."""
    if not goes_on_here(run_folder):
        return
    status = RunStatus(**read_json(run_folder / STATUS_FILE))
    same = None if same_as is None else str(same_as.resolve())
    ended = now().isoformat(timespec="seconds")
    _write(run_folder, replace(status, state=state, finished=ended, error=error, same_as=same))


def goes_on_here(run_folder: Path) -> bool:
    """Whether this process began a run in the folder and has not ended it."""
    path = run_folder / STATUS_FILE
    if not path.is_file():
        return False
    value = read_json(path)  # may be anybody's file, where a script writes into the working folder
    mine = {"state": RUNNING, "host": platform.node(), "process": os.getpid()}
    return isinstance(value, dict) and mine.items() <= value.items()


def status_of(run_folder: Path) -> RunStatus | None:
    """The state of a run, `stopped` where its process is gone; None where none is recorded.

    Raises:
        GovstanceError: status.json is damaged.
    """
    path = run_folder / STATUS_FILE
    if not path.is_file():
        return None
    value = read_json(path)
    try:
        status = RunStatus(**value)
    except TypeError as error:
        raise GovstanceError(f"{path}: expected the state of a run, found {error}; delete the file.") from None
    gone = status.state == RUNNING and status.host == platform.node() and not _alive(status.process)
    return replace(status, state=STOPPED) if gone else status


def log_of(run_folder: Path) -> Path | None:
    """The newest log in a run folder."""
    logs = sorted(run_folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    return logs[-1] if logs else None


def log_tail(run_folder: Path) -> list[str]:
    """The last lines of a run's log."""
    log = log_of(run_folder)
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:] if log else []


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(run_folder: Path, status: RunStatus) -> None:
    write_json(run_folder / STATUS_FILE, asdict(status))
