"""Answers on disk as they come: what an interrupted run leaves, and how the next one goes on from it.

Beside the file of answers lie, while it is unfinished, `<output>.progress.json` (how far it is, and what it was made
with) and, where something is to be told, `<output>.notes.jsonl`. Each chunk is written, then counted: what a killed run
wrote and did not count is cut off and read again. The first file goes when the run ends, the second stays.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from govstance.errors import GovstanceError
from govstance.files import json_line, read_json, write_json
from govstance.inference.sources import Detected
from govstance.inference.stream import Position, Told

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class AnsweredChunk:
    """What is written of a chunk.

    Attributes:
        lines: JSON, one a document, without line ends.
        told: Of what was not read.
        detected: Counts of its documents.
        position: After it.
        n_records: Documents, and what should have been some.
    """

    lines: list[str]
    told: list[Told]
    detected: Detected
    position: Position
    n_records: int


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        position: In the input.
        n_records: Documents, and what should have been some.
        total: Of them, about; None where nobody knows.
        bytes_of_answers, bytes_of_notes: That count; what lies behind them in the files does not.
        detected: Counts of the documents.
    """

    total: int | None
    position: Position = field(default_factory=Position)
    n_records: int = 0
    bytes_of_answers: int = 0
    bytes_of_notes: int = 0
    detected: Detected = field(default_factory=Detected)

    def to_json(self) -> dict[str, Any]:
        """As JSON, for `from_json`."""
        return {**vars(self), "position": asdict(self.position), "detected": self.detected.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Progress":
        """What `to_json` gave."""
        parts = {"position": Position(**value["position"]), "detected": Detected.from_json(value["detected"])}
        return cls(**{**value, **parts})


@dataclass(frozen=True)
class JournalFiles:
    """The files of a run, by the name of its output.

    Attributes:
        output: As the user named it.
    """

    output: Path

    @property
    def answers(self) -> Path:
        """Where answers are written as they come: the output itself, but for Parquet, which can't grow."""
        return self._beside("progress.jsonl") if self.output.suffix == ".parquet" else self.output

    @property
    def progress(self) -> Path:
        """Is there while the output is unfinished."""
        return self._beside("progress.json")

    @property
    def notes(self) -> Path:
        """What was not read, and what else is told."""
        return self._beside("notes.jsonl")

    def _beside(self, suffix: str) -> Path:
        return self.output.with_name(f"{self.output.name}.{suffix}")


class Journal:
    """An unfinished output, open for writing.

    Args:
        files: Of the run.
        made_with: What its answers depend on, by name: hashes, or mappings of settings.
        progress: So far.
        answers, notes: Open for reading and writing, at their ends.
    """

    def __init__(
        self,
        files: JournalFiles,
        made_with: Mapping[str, Any],
        progress: Progress,
        answers: IO[bytes],
        notes: IO[bytes],
    ):
        self.files = files
        self.progress = progress
        self._made_with = made_with
        self._answers = answers
        self._notes = notes

    def add(self, chunk: AnsweredChunk) -> None:
        """Writes a chunk, then counts it."""
        progress = self.progress
        progress.bytes_of_answers += _append(self._answers, chunk.lines)
        notes = [json_line(asdict(told)) for told in chunk.told]
        progress.bytes_of_notes += _append(self._notes, notes)
        progress.position = chunk.position
        progress.n_records += chunk.n_records
        progress.detected.add(chunk.detected)
        write_progress(self.files, self._made_with, progress)


@contextmanager
def open_journal(
    files: JournalFiles, made_with: Mapping[str, Any], *, total: int | None, resume: bool, rereadable: bool
) -> Iterator[Journal]:
    """Opens an output to go on with, or a new one.

    Args:
        files: Of the run.
        made_with: See `Journal`.
        total: Of the records, for a new one.
        resume: Whether an unfinished one is gone on with; else it is begun anew.
        rereadable: Whether the input can be read a second time; standard input can't.

    Raises:
        GovstanceError: The unfinished one was made with something else, or is not what was counted, or another run is
            writing it.
    """
    files.output.parent.mkdir(parents=True, exist_ok=True)
    # Opened and locked before anything is looked at: of two runs that start at once one must lose.
    with _opened(files.answers) as answers, _opened(files.notes) as notes:
        _lock(answers, files)
        progress = _unfinished(files, made_with, rereadable=rereadable) if resume else None
        if progress is None:
            progress = Progress(total=total)
            write_progress(files, made_with, progress)  # first, so that a file without it is a whole one
        for stream, counted in ((answers, progress.bytes_of_answers), (notes, progress.bytes_of_notes)):
            _cut(stream, counted, files)
        yield Journal(files, made_with, progress, answers, notes)


def close_journal(files: JournalFiles) -> None:
    """Declares an output whole."""
    if files.notes.stat().st_size == 0:
        files.notes.unlink()
    files.progress.unlink()
    if files.answers != files.output:
        files.answers.unlink()


def drop_journal(files: JournalFiles) -> None:
    """Removes an output that came to nothing."""
    for path in (files.answers, files.notes, files.progress):
        path.unlink(missing_ok=True)


def told_in(files: JournalFiles) -> list[Told]:
    """What was told of the input so far."""
    with suppress(FileNotFoundError):
        return [Told(**json.loads(line)) for line in files.notes.read_text(encoding="utf-8").splitlines()]
    return []


def write_progress(files: JournalFiles, made_with: Mapping[str, Any], progress: Progress) -> None:
    """Replaces the file of progress."""
    value = {
        "about": "an unfinished run of predict: the same command goes on with it, resume=false begins anew",
        "schema_version": SCHEMA_VERSION,
        "progress": progress.to_json(),
        "made_with": made_with,
    }
    write_json(files.progress, value)


def _unfinished(files: JournalFiles, made_with: Mapping[str, Any], *, rereadable: bool) -> Progress | None:
    """How far an unfinished run is that this one can go on with; None where there is none."""
    if not files.progress.is_file():
        return None
    mend = "Begin it anew with resume=false, or choose another output."
    value = read_json(files.progress)
    if not isinstance(value, dict) or value.get("schema_version") != SCHEMA_VERSION:
        raise GovstanceError(f"{files.progress}: expected the progress of a run of this version. {mend}")
    if not rereadable:
        raise GovstanceError(
            f"output: {files.output} is unfinished, and standard input can't be read again from where it stopped. Give "
            f"the documents as a file, or begin anew with resume=false."
        )
    changed = differences(value["made_with"], made_with)
    if changed:
        told = "\n".join(f"  {line}" for line in changed)
        raise GovstanceError(
            f"output: {files.output} is unfinished, {value['progress']['n_records']} documents were read, and this "
            f"command can't go on with it: their answers would be mixed with others.\n{told}\nGive what it was begun "
            f"with. {mend}"
        )
    return Progress.from_json(value["progress"])


def differences(begun: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two mappings of what a run depends on, in words."""
    lines = []
    for name in sorted({*begun, *now}):
        before, after = begun.get(name), now.get(name)
        if before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            for key in sorted({*before, *after}):
                if before.get(key) != after.get(key):
                    lines.append(f"{name}: expected {key}={before.get(key)}, found {after.get(key)}")
        else:
            lines.append(f"{name}: other than when it was begun")
    return lines


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")


def _lock(stream: IO[bytes], files: JournalFiles) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise GovstanceError(
            f"output: another run is writing {files.output}; wait for it, or choose another."
        ) from None


def _cut(stream: IO[bytes], counted: int, files: JournalFiles) -> None:
    """Cuts off what was written and not counted: lines of a chunk that is read again, the last perhaps half a one."""
    found = stream.seek(0, os.SEEK_END)
    if found < counted:
        raise GovstanceError(
            f"output: {files.output} was changed since its run stopped: expected {counted} bytes, found {found}. "
            "Begin it anew with resume=false, or choose another output."
        )
    stream.truncate(counted)
    stream.seek(counted)


def _append(stream: IO[bytes], lines: Sequence[str]) -> int:
    """Writes lines down to the disk; returns their bytes."""
    data = "".join(f"{line}\n" for line in lines).encode()
    if data:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return len(data)
