"""Many documents: memory that stays flat, a run that is killed and goes on, and what it refuses to go on with."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace

import pyarrow
import pytest
from conftest import GOOD_ROW, ROOT, TARGET_IDS
from pyarrow import parquet
from rich.console import Console

from govstance.actors.finder import MentionFinder
from govstance.apply_config import PredictConfig, ReadingConfig
from govstance.errors import GovstanceError
from govstance.files import read_json, write_jsonl
from govstance.inference.documents import Document
from govstance.inference.reader import DOCUMENTS_AT_ONCE, ArticleReader
from govstance.inference.stream import Source, Told, chunks_of
from govstance.jobs import journal, streaming
from govstance.jobs.journal import JournalFiles
from govstance.jobs.predict import run_prediction
from govstance.models.baselines import fit_baseline
from govstance.models.folder import save_model
from govstance.targets import load_targets

BAD_LINE = 70
N_DOCUMENTS = 150
NAMES = ("Kazakhstan", "France", "Brazil")


def record(number: int) -> dict[str, object]:
    text = f"{NAMES[number % 3]} speaks of the war, number {number}. Poland waits for an answer."
    return {"id": f"d{number}", "text": text, "lang": "en", "date": f"2022-0{1 + number % 9}-01"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that needs no torch: how often each government holds what."""
    folder = tmp_path_factory.mktemp("model")
    targets = load_targets(ROOT / "data" / "targets.yaml")
    labels = {"KAZ": "against", "FRA": "favor", "BRA": "none", "POL": "favor"}
    rows = [
        replace(GOOD_ROW, id=government, government=government, labels=dict.fromkeys(TARGET_IDS, stance))
        for government, stance in labels.items()
    ]
    predictor = fit_baseline("country_prior", rows, TARGET_IDS)
    about = {"kind": "country_prior", "name": "country_prior", "predictor": predictor, "targets": targets}
    save_model(folder, **about, baselines={}, training_data=[])
    return folder


@pytest.fixture
def articles(tmp_path):
    """JSON Lines with a broken line in the middle of a chunk."""
    lines = [json.dumps(record(number)) for number in range(N_DOCUMENTS)]
    lines.insert(BAD_LINE - 1, "{broken")
    path = tmp_path / "articles.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def predict(model, source, output, **settings) -> int:
    config = PredictConfig(model=str(model), input=str(source), output=str(output), **settings)
    return run_prediction(config, Console(file=io.StringIO(), width=120))


class Killed(BaseException):
    pass


def killed_after(count: int, monkeypatch, *arguments, **settings) -> None:
    """Runs predict until its progress would be written for the `count`-th time: the chunk before it is on the disk."""
    write, calls = journal.write_progress, []

    def killing(*args):
        calls.append(args)
        if len(calls) > count:
            raise Killed
        write(*args)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "write_progress", killing)
        with pytest.raises(Killed):
            predict(*arguments, **settings)


def ids_in(path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_goes_on_wherever_it_was_stopped_and_the_file_is_the_same(model, articles, tmp_path, monkeypatch, caplog):
    whole, output = tmp_path / "whole.jsonl", tmp_path / "answers.jsonl"
    assert predict(model, articles, whole) == N_DOCUMENTS
    assert ids_in(whole) == [f"d{number}" for number in range(N_DOCUMENTS)]
    (note,) = (tmp_path / "whole.jsonl.notes.jsonl").read_text().splitlines()
    assert json.loads(note)["line"] == BAD_LINE
    for count in (0, 1, 3, 4):
        killed_after(count, monkeypatch, model, articles, output)
        files = JournalFiles(output)
        assert files.progress.is_file() == (count > 0)
        with output.open("ab") as stream:
            stream.write(b'{"id": "half')
        if count == 0:
            output.write_bytes(b"")  # killed before anything was written
        caplog.clear()
        assert predict(model, articles, output) == N_DOCUMENTS
        assert output.read_bytes() == whole.read_bytes()
        assert (tmp_path / "answers.jsonl.notes.jsonl").read_text() == note + "\n"
        # Lines 1 to 96 are chunks 1 to 3; what is told of them was told before, or is told now, once.
        assert ("expected one JSON object a line" in caplog.text) == (count < 4)
        assert not files.progress.exists()
        output.unlink()


def test_a_process_that_is_killed_loses_and_doubles_nothing(model, articles, tmp_path):
    whole, output = tmp_path / "whole.jsonl", tmp_path / "answers.jsonl"
    predict(model, articles, whole)
    code = (
        "import sys, time, logging\n"
        "from rich.console import Console\n"
        "from govstance.apply_config import PredictConfig\n"
        "from govstance.jobs import answering, predict\n"
        "answer = answering.Answerer.answer\n"
        "answering.Answerer.answer = lambda self, chunk: (time.sleep(0.2), answer(self, chunk))[1]\n"
        "config = PredictConfig(model=sys.argv[1], input=sys.argv[2], output=sys.argv[3])\n"
        "predict.run_prediction(config, Console())\n"
    )
    command = [sys.executable, "-c", code, str(model), str(articles), str(output)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)
    until = time.monotonic() + 120
    while not (output.is_file() and output.stat().st_size > 0) and time.monotonic() < until:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    process.stderr.close()
    assert 0 < output.stat().st_size < whole.stat().st_size
    assert JournalFiles(output).progress.is_file()
    assert predict(model, articles, output) == N_DOCUMENTS
    assert output.read_bytes() == whole.read_bytes()


def test_another_run_is_not_gone_on_with(model, articles, tmp_path, monkeypatch):
    output = tmp_path / "answers.jsonl"
    killed_after(2, monkeypatch, model, articles, output)
    before = output.read_bytes()
    other_reading = ReadingConfig(stride=1)
    message = (
        r"is unfinished, 32 documents were read, .*\n  settings: expected reading.stride=3, found 1\n.*resume=false"
    )
    with pytest.raises(GovstanceError, match=message):
        predict(model, articles, output, reading=other_reading)
    with monkeypatch.context() as patch:
        patch.setattr(streaming, "hashes_below", lambda folder, pattern: {"x.py": "1"} if pattern == "*.py" else {})
        with pytest.raises(
            GovstanceError, match="code of govstance: other than when it was begun\n  model: other than"
        ):
            predict(model, articles, output)
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO(b"")}))
    with pytest.raises(GovstanceError, match=r"standard input can't be read again from where it stopped\. Give"):
        predict(model, "-", output)
    text = articles.read_text()
    articles.write_text(text.replace("number 5.", "number five."))
    with pytest.raises(GovstanceError, match="\n  input: other than when it was begun\n"):
        predict(model, articles, output)
    articles.write_text(text)
    assert output.read_bytes() == before
    output.write_bytes(before[:10])
    with pytest.raises(GovstanceError, match=r"was changed since its run stopped: expected \d+ bytes, found 10"):
        predict(model, articles, output)
    assert predict(model, articles, output, resume=False, reading=other_reading) == N_DOCUMENTS
    with pytest.raises(GovstanceError, match="exists; choose another name or add overwrite=true"):
        predict(model, articles, output)


def test_two_runs_do_not_write_one_file(model, articles, tmp_path):
    files = JournalFiles(tmp_path / "answers.jsonl")
    message = r"another run is writing .*answers\.jsonl; wait for it"
    writing = journal.open_journal(files, {}, total=None, resume=True, rereadable=True)
    with writing, pytest.raises(GovstanceError, match=message):
        predict(model, articles, files.output)


def test_parquet_in_and_out(model, articles, tmp_path, monkeypatch):
    table = tmp_path / "articles.parquet"
    records = [record(number) for number in range(N_DOCUMENTS)]
    parquet.write_table(pyarrow.Table.from_pylist([*records, {"id": "x", "text": None}]), table)
    lines, whole, output = (tmp_path / name for name in ("answers.jsonl", "whole.parquet", "answers.parquet"))
    predict(model, table, lines)
    predict(model, table, whole)
    killed_after(3, monkeypatch, model, table, output)
    assert not output.exists()
    predict(model, table, output)
    assert output.read_bytes() == whole.read_bytes()
    expected = [json.loads(line) for line in lines.read_text().splitlines()]
    for sentence in (item for answers in expected for stance in answers["stances"] for item in stance["evidence"]):
        sentence["page"] = None  # a column has the same fields in each row
    assert parquet.read_table(output).to_pylist() == expected
    assert sorted(path.name for path in tmp_path.glob("answers.parquet*")) == [
        "answers.parquet",
        "answers.parquet.notes.jsonl",
    ]
    assert "1 row without a text left out" in (tmp_path / "answers.parquet.notes.jsonl").read_text()


def test_the_table_of_a_stopped_run_is_that_of_documents_in_memory(model, articles, tmp_path, monkeypatch):
    articles.write_text("\n".join(line for line in articles.read_text().splitlines() if "broken" not in line))
    settings = {"period": "month", "table": str(tmp_path / "a.jsonl"), "report": str(tmp_path / "a.html")}
    killed_after(2, monkeypatch, model, articles, tmp_path / "answers.jsonl", **settings)
    predict(model, articles, tmp_path / "answers.jsonl", **settings)
    memory = {"period": "month", "table": str(tmp_path / "b.jsonl"), "report": str(tmp_path / "b.html")}
    config = PredictConfig(model=str(model), input=str(articles), **memory)
    run_prediction(config, Console(file=io.StringIO(), width=120))
    streamed, held = (
        [json.loads(line) for line in (tmp_path / name).read_text().splitlines()] for name in ("a.jsonl", "b.jsonl")
    )
    assert len(streamed) == len(held) > 50
    for mine, theirs in zip(streamed, held, strict=True):
        for name, value in theirs.items():
            assert mine[name] == (pytest.approx(value, abs=2e-4) if isinstance(value, float) else value), name
    pages = [(tmp_path / name).read_text() for name in ("a.html", "b.html")]
    assert "<blockquote" in pages[0]
    assert pages[0].count("<blockquote") == pages[1].count("<blockquote")
    assert "Poland waits for an answer." in pages[0]


def test_a_bad_file_among_many_and_nothing_to_read(model, tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text("Kazakhstan speaks of the war and of sanctions.")
    (folder / "b.txt").write_text(" ")
    (folder / "c.csv").write_text("id,text\nx,Poland waits for an answer from France.\ny,\n")
    output = tmp_path / "answers.jsonl"
    assert predict(model, folder, output) == 2
    assert ids_in(output) == ["a.txt", "x"]
    notes = [json.loads(line) for line in (tmp_path / "answers.jsonl.notes.jsonl").read_text().splitlines()]
    assert [(note["file"], note["not_read"]) for note in notes] == [("b.txt", True), ("c.csv", False)]
    assert notes[0]["reason"] == "expected a text, found nothing but white space."
    with pytest.raises(GovstanceError, match=r"no document could be read, nothing was written\.\n  not read: .*b\.txt"):
        predict(model, folder / "b.txt", tmp_path / "none.jsonl")
    assert not list(tmp_path.glob("none*"))
    with pytest.raises(GovstanceError, match="engine: expected one of local, ray; found spark"):
        predict(model, folder, output, engine="spark")


class Silent:
    """A predictor that costs nothing: what is left is what streaming keeps."""

    def read_together(self, documents):
        return [[] for _ in documents]


def test_memory_does_not_grow_with_the_documents(model, tmp_path, monkeypatch):
    monkeypatch.setattr("govstance.jobs.answering.ArticleReader", lambda **_: Silent())
    peaks = []
    for count in (200, 400, 4000):
        path = tmp_path / f"{count}.jsonl"
        write_jsonl(path, ({**record(number), "text": "x" * 2000} for number in range(count)))
        tracemalloc.start()
        assert predict(model, path, tmp_path / f"answers{count}.jsonl") == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # The first has what is loaded once. All texts of the last are 8 MB.
    assert peaks[2] < peaks[1] + 500_000


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_any_place_of_any_kind_of_file_is_gone_on_from(tmp_path, suffix):
    records = [record(number) | {"text": f"One line.\nAnother, {number}."} for number in range(100)]
    table = pyarrow.Table.from_pylist(records)
    for name in ("a", "b"):
        path = tmp_path / f"{name}{suffix}"
        if suffix == ".jsonl":
            write_jsonl(path, records)
        elif suffix == ".csv":
            table.to_pandas().to_csv(path, index=False)
        else:
            parquet.write_table(table, path)
    source = Source.find(str(tmp_path))
    assert source.count() == 200 if suffix != ".csv" else source.count() >= 200
    chunks = list(chunks_of(source))
    assert sum(chunk.n_records for chunk in chunks) == 200
    for number, chunk in enumerate(chunks[:-1]):
        assert list(chunks_of(source, chunk.position)) == chunks[number + 1 :]


def test_a_chunk_ends_though_nothing_in_it_can_be_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("[1]\n" * (2 * DOCUMENTS_AT_ONCE) + json.dumps(record(1)))
    first, second, last = chunks_of(Source.find(str(path)))
    assert len(first.told) == len(second.told) == DOCUMENTS_AT_ONCE
    assert first.told[0] == Told(str(path), 1, "expected a JSON object with id and text, found [1]", True)
    assert [document.id for document in last.documents] == ["d1"]


def test_an_answer_does_not_depend_on_neighbours_with_the_same_words(keyword_predictor):
    finder = MentionFinder(ROOT / "data" / "actors")
    reader = ArticleReader(keyword_predictor, load_targets(ROOT / "data" / "targets.yaml"), finder)
    text = "Kazakhstan rejects and embraces. France imposes."
    documents = [Document(f"d{year}", text, "en", f"{year}-01-01") for year in (1999, 2022, 2024)]
    together = reader.read_together(documents)
    assert together == [reader.read_together([document])[0] for document in documents]


def test_progress_is_said_in_a_file_while_it_lasts(model, articles, tmp_path, monkeypatch):
    output = tmp_path / "answers.jsonl"
    killed_after(3, monkeypatch, model, articles, output)
    value = read_json(tmp_path / "answers.jsonl.progress.json")
    assert value["about"].startswith("an unfinished run of predict")
    assert value["progress"]["n_records"] == 64
    assert value["progress"]["total"] == N_DOCUMENTS + 1
    assert set(value["made_with"]) == {
        "input",
        "settings",
        "model",
        "names of governments",
        "code of govstance",
        "libraries",
    }
