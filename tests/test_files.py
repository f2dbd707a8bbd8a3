from pathlib import Path

import pytest

from govstance.errors import GovstanceError
from govstance.files import atomic_writer, expand_patterns, read_json, write_json, write_jsonl


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.jsonl"
    write_jsonl(path, [{"n": 1}])

    def failing():
        yield {"n": 2}
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_jsonl(path, failing())
    assert path.read_text() == '{"n": 1}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def interrupted():
        with atomic_writer(tmp_path / "new.txt") as stream:
            stream.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_json_round_trip_keeps_every_script(tmp_path):
    write_json(tmp_path / "a.json", {"name": "Қазақстан 哈萨克斯坦"})
    assert read_json(tmp_path / "a.json") == {"name": "Қазақстан 哈萨克斯坦"}
    assert "Қазақстан" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_nan_never_reaches_a_file(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"score": float("nan")})


def test_patterns_are_expanded_once_and_sorted(tmp_path):
    for name in ("b.jsonl", "a.jsonl"):
        (tmp_path / name).touch()
    found = expand_patterns([f"{tmp_path}/*.jsonl", f"{tmp_path}/a.jsonl"], option="corpus.files")
    assert found == [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]


def test_a_pattern_without_files_is_an_error():
    with pytest.raises(GovstanceError, match=r"corpus\.files: no file matches 'nowhere/\*\.jsonl'"):
        expand_patterns(["nowhere/*.jsonl"], option="corpus.files")


def test_brackets_in_a_folder_name_do_no_harm(tmp_path):
    folder = tmp_path / "Session [77]"
    folder.mkdir()
    (folder / "a.jsonl").touch()
    assert expand_patterns([str(folder / "a.jsonl")], option="x") == [Path(folder / "a.jsonl")]
