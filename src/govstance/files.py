"""JSON, JSON Lines and text in and out: errors with file and line, writes that are whole or absent."""

import contextlib
import glob
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from govstance.errors import GovstanceError


@contextlib.contextmanager
def atomic_writer(path: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """Opens a temporary file beside `path` and renames it on success, so nobody ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        mode, encoding = ("wb", None) if binary else ("w", "utf-8")
        with os.fdopen(descriptor, mode, encoding=encoding) as stream:
            yield stream
        os.chmod(temporary, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text atomically."""
    with atomic_writer(path) as stream:
        stream.write(text)


def write_json(path: Path, value: Any) -> None:
    """Writes indented UTF-8 JSON atomically."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def json_line(value: Any) -> str:
    """A value as one compact line of JSON, without its end."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write_jsonl(path: Path, values: Iterable[Any]) -> int:
    """Writes one compact JSON value a line, atomically.

    Returns:
        The number of lines written.
    """
    count = 0
    with atomic_writer(path) as stream:
        for value in values:
            stream.write(json_line(value) + "\n")
            count += 1
    return count


def read_json(path: Path) -> Any:
    """Reads one JSON file.

    Raises:
        GovstanceError: The file is missing or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GovstanceError(f"{path}: no such file.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise GovstanceError(f"{path}: expected JSON, found {error}.") from None


def numbered_json_lines(stream: Iterable[bytes], *, after: int = 0) -> Iterator[tuple[int, Any, str | None]]:
    """Parses JSON Lines; blank lines are passed over.

    Args:
        stream: Lines as bytes, so that a wrong encoding is reported with its line.
        after: So many lines at the head are passed over unparsed.

    Yields:
        (line number from 1, value, None), or (line number, None, what is wrong) where a line is no JSON.
    """
    for number, line in enumerate(stream, start=1):
        if number <= after:
            continue
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            if text.strip():
                yield number, json.loads(text), None
        except UnicodeDecodeError as error:
            yield number, None, f"expected UTF-8, found byte {line[error.start]:#04x} at position {error.start}"
        except json.JSONDecodeError as error:
            yield number, None, f"expected one JSON object a line, found {error.msg} at column {error.colno}"


def expand_patterns(patterns: Sequence[str], *, option: str) -> list[Path]:
    """Turns paths and globs into existing files, sorted within each pattern.

    Args:
        patterns: Paths or globs such as `data/corpus/*.jsonl`.
        option: The setting they come from, named in the error.

    Raises:
        GovstanceError: A pattern matches no file, or there is no pattern.
    """
    if not patterns:
        raise GovstanceError(f"{option} is empty: expected at least one path or glob, such as data/corpus/*.jsonl.")
    files: dict[Path, None] = {}
    for pattern in patterns:
        # A path that exists is taken as it is, so that brackets in folder names do no harm.
        found = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern, recursive=True))
        matches = [Path(item) for item in found if Path(item).is_file()]
        if not matches:
            raise GovstanceError(f"{option}: no file matches {pattern!r} (looked from {Path.cwd()}).")
        files.update(dict.fromkeys(matches))
    return list(files)


def path_from_here(path: Path) -> Path:
    """A path as people want to read it: from the working folder where it lies below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def sha256_of_file(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hashes_below(folder: Path, pattern: str) -> dict[str, str]:
    """Path below the folder -> sha256; empty where it is no folder, such as the name of a hub repository."""
    files = sorted(path for path in folder.rglob(pattern) if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of_file(path) for path in files}


def sha256_of_json(value: Any) -> str:
    """The hexadecimal SHA-256 of a value that JSON can hold; the order of keys is no matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
