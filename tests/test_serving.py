"""The HTTP door: the answers of predict, one document apart from another, every limit, every error in one form."""

import dataclasses
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import httpx2
import pytest
import torch
import uvicorn
from conftest import ROOT, TARGET_IDS, KeywordPredictor
from rich.console import Console
from starlette.testclient import TestClient
from test_builtin import EXAMPLE

from govstance.actors.finder import MentionFinder
from govstance.apply_config import Limits, PredictConfig, ServeConfig
from govstance.config import ModelConfig
from govstance.errors import GovstanceError
from govstance.files import write_jsonl
from govstance.inference.reader import ArticleReader
from govstance.jobs.predict import run_prediction
from govstance.jobs.serve import run_server, served_model
from govstance.models.backbones import load_backbone
from govstance.models.folder import LoadedModel, save_model
from govstance.models.predictor import TransformerPredictor, encoder_for
from govstance.serving.app import create_app
from govstance.serving.batching import Batcher
from govstance.serving.forms import ErrorForm, ModelDescriptionForm, StancesForm
from govstance.serving.served_model import ServedModel
from govstance.serving.server import DrainingServer, address_of, listening_socket
from govstance.serving.state import ServerState
from govstance.targets import load_targets
from govstance.training.calibrating import neutral_calibration
from govstance.training.starting import build_model

FINDER = MentionFinder(ROOT / "data" / "actors")
TARGETS = load_targets(ROOT / "data" / "targets.yaml")
THRESHOLDS = {target: {"0.02": None, "0.05": 0.5} for target in TARGET_IDS}
RECORDS = [
    {"id": "a", "text": "Kazakhstan rejects condemns embraces . France sleeps imposes blames .", "date": "2022-04-03"},
    {"id": "b", "text": "France recognises weighs mediates . Brazil rejects condemns .", "lang": "en"},
    {"id": "c", "text": "Brazil abstains imposes . Kazakhstan embraces .", "speaker": "FRA", "date": "2022-05-01"},
]
SECRET = "Kazakhstan rejects the zirconium clause ."
LIMITS = Limits(batch_wait_ms=1.0)


class Keywords(KeywordPredictor):
    """Answers at once, and of one word breaks."""

    calibration = SimpleNamespace(thresholds=THRESHOLDS)

    def predict_probabilities(self, rows):
        if any("zirconium" in row.text for row in rows):
            raise ValueError(f"can't read {rows[0].text}")
        return super().predict_probabilities(rows)


class Gated(Keywords):
    """Answers once it is let."""

    def __init__(self):
        super().__init__()
        self.begun, self.gate = threading.Event(), threading.Event()
        self.seen: set[str] = set()

    def predict_probabilities(self, rows):
        self.seen |= {row.text for row in rows}
        self.begun.set()
        assert self.gate.wait(60)
        return super().predict_probabilities(rows)


def served_by(predictor) -> ServedModel:
    model = LoadedModel(ROOT, "transformer", "keywords", predictor, TARGETS, {}, [])
    return ServedModel(model, ArticleReader(predictor, TARGETS, FINDER), FINDER.languages, "0" * 12)


def wait_until(condition, seconds=60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


@contextmanager
def running_server(predictor, limits=LIMITS):
    """The server itself on a free port."""
    state = ServerState()
    app = create_app(lambda: served_by(predictor), limits=limits, state=state)
    with listening_socket("127.0.0.1", 0) as listening:
        server = DrainingServer(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5), state)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        running.start()
        try:
            wait_until(lambda: state.model is not None and server.started)
            yield address_of(listening)
        finally:
            server.should_exit = True
            running.join(60)


@contextmanager
def sending(address, *documents):
    """A request of a client that goes away at the end."""
    body = json.dumps({"documents": documents})
    head = f"Host: here\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    url = httpx2.URL(address)
    with socket.create_connection((url.host, url.port)) as connection:
        connection.sendall(f"POST /v1/stances HTTP/1.1\r\n{head}\r\n\r\n{body}".encode("ascii"))
        yield


@pytest.fixture
def open_door(tmp_path):
    """Makes clients of an application of its own, with the model loaded."""
    clients = []

    def make(predictor=None, *, state=None, page_folder=tmp_path / "none", load=None, **limits) -> TestClient:
        load = load or (lambda: served_by(predictor or Keywords()))
        app = create_app(
            load, limits=dataclasses.replace(LIMITS, **limits), state=state or ServerState(), page_folder=page_folder
        )
        client = TestClient(app)
        client.__enter__()
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.__exit__(None, None, None)


def ready(client: TestClient) -> TestClient:
    wait_until(lambda: client.get("/healthz").status_code == 200)
    return client


@pytest.fixture
def client(open_door) -> TestClient:
    return ready(open_door())


def post(client, *documents, query="", **more):
    return client.post(f"/v1/stances{query}", json={"documents": list(documents), **more})


@pytest.fixture(scope="module")
def tiny_folder(tiny_backbone, tmp_path_factory):
    """A model folder of random weights, with thresholds."""
    folder = tmp_path_factory.mktemp("served")
    torch.manual_seed(0)
    backbone = load_backbone(str(tiny_backbone))
    model = build_model(backbone, ModelConfig(kind="transformer", name="tiny", max_length_tokens=48), TARGET_IDS)
    torch.nn.init.normal_(model.head.weight, std=0.5)  # answers that differ from row to row
    calibration = dataclasses.replace(neutral_calibration(TARGET_IDS), thresholds=THRESHOLDS)
    predictor = TransformerPredictor(model, encoder_for(model, backbone.tokenizer, FINDER), calibration)
    save_model(
        folder, kind="transformer", name="tiny", predictor=predictor, targets=TARGETS, baselines={}, training_data=[]
    )
    return folder


@pytest.fixture
def tiny_client(open_door, tiny_folder) -> TestClient:
    return ready(open_door(load=lambda: served_model(ServeConfig(model=str(tiny_folder)))))


def test_it_answers_as_predict_does(tiny_client, tiny_folder, tmp_path):
    write_jsonl(tmp_path / "documents.jsonl", RECORDS)
    config = PredictConfig(
        model=str(tiny_folder),
        input=str(tmp_path / "documents.jsonl"),
        output=str(tmp_path / "answers.jsonl"),
        table=str(tmp_path / "table.jsonl"),
        period="month",
        abstain=0.05,
    )
    run_prediction(config, Console(quiet=True))
    answer = post(tiny_client, *RECORDS, query="?table=true&period=month", abstain=0.05).json()
    for name, found in (("answers", answer["documents"]), ("table", answer["table"])):
        lines = (tmp_path / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        # The name of the file is the one thing that differs.
        assert found == [json.loads(re.sub(r'"source": "[^"]+"', '"source": "request"', line)) for line in lines]
    stances = {stance["stance"] for document in answer["documents"] for stance in document["stances"]}
    assert "uncertain" in stances
    assert len(stances) > 1
    assert answer["model"]["name"] == "tiny"
    assert re.fullmatch("[0-9a-f]{12}", answer["model"]["version"])
    assert answer["government_names"] == {"BRA": "Brazil", "FRA": "France", "KAZ": "Kazakhstan"}


def test_a_document_alone_is_answered_as_among_others(tiny_client):
    together = post(tiny_client, *RECORDS).json()["documents"]
    for record, among_others in zip(RECORDS, together, strict=True):
        (alone,) = post(tiny_client, record).json()["documents"]
        for mine, theirs in zip(alone["stances"], among_others["stances"], strict=True):
            assert mine["stance"] == theirs["stance"]
            assert [item["text"] for item in mine["evidence"]] == [item["text"] for item in theirs["evidence"]]
            assert mine["probabilities"] == pytest.approx(theirs["probabilities"], abs=2e-4)


def test_requests_that_come_together_are_read_together_and_apart_in_what_they_say(open_door):
    predictor = Gated()
    client = ready(open_door(predictor))
    documents = [{"id": str(number), "text": f"{RECORDS[number % 3]['text']} {number}"} for number in range(9)]
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(post, client, documents[0])
        assert predictor.begun.wait(60)
        others = [
            threads.submit(post, client, document, abstain=0.02 if number % 2 else None)
            for number, document in enumerate(documents[1:], start=1)
        ]
        wait_until(lambda: "govstance_queue_documents 8.0" in client.get("/metrics").text)
        predictor.gate.set()
        answers = [future.result().json() for future in (first, *others)]
    alone = [
        post(client, document, abstain=0.02 if number % 2 else None).json() for number, document in enumerate(documents)
    ]
    assert answers == alone
    assert 'govstance_batch_documents_bucket{le="4.0"} 10.0' in client.get("/metrics").text  # 1 + 9 single ones ...
    assert 'govstance_batch_documents_bucket{le="8.0"} 11.0' in client.get("/metrics").text  # ... and all the others


def test_an_answer_has_the_form_that_openapi_tells(client):
    answer = post(client, *RECORDS, query="?period=all").json()
    StancesForm.model_validate(answer)
    assert len(answer["table"]) > 0
    assert all(document["stances"] for document in answer["documents"])
    assert any(stance["evidence"] for document in answer["documents"] for stance in document["stances"])
    assert "table" not in post(client, RECORDS[0]).json()
    description = client.get("/v1/model").json()
    ModelDescriptionForm.model_validate(description)
    assert description["abstain"] == [0.02, 0.05]
    assert description["limits"]["documents_per_request"] == LIMITS.documents_per_request
    assert {"en", "uk", "zh"} <= set(description["languages"])
    assert not {"leaders", "states"} & set(description["languages"])
    assert [target["id"] for target in description["targets"]] == list(TARGET_IDS)


def test_what_is_not_given_is_detected_and_said(client):
    (document,) = post(client, {"text": "date 2022-04-03\n" + RECORDS[0]["text"]}).json()["documents"]
    assert (document["id"], document["date"], document["date_from"]) == ("documents[0]", "2022-04-03", "dateline")
    assert document["lang_detected"] is True


GOOD = {"text": "France rejects ."}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("{", "malformed_json", r"body: expected JSON, found .* at character 1\."),
        (b'{"documents": "\xff"}', "malformed_json", r"body: expected JSON in UTF-8"),
        ("[" * 100_000, "malformed_json", r"body: expected JSON in UTF-8"),
        ("", "malformed_json", r"body: expected a JSON object .*, found no body\."),
        ("[]", "invalid_field", r"body: expected .*dictionary.*, found \[\]\."),
        ({}, "invalid_field", r"^documents: expected this field, found none\."),
        ({"documents": []}, "invalid_field", r"documents: expected 1 to 32 documents .*, found 0\."),
        ({"documents": [GOOD] * 33}, "too_many_documents", r"expected 1 to 32 documents \(limits\.doc.*, found 33\."),
        (
            {"documents": [GOOD], "abstian": 1},
            "invalid_field",
            r"abstian: expected no such field .* found the field 'a",
        ),
        (
            {"documents": [GOOD], "abstain": 0.07},
            "invalid_field",
            r"abstain: expected one of 0\.02, 0\.05 .* found 0\.07",
        ),
        ({"documents": [GOOD], "abstain": "x"}, "invalid_field", r"abstain: expected a valid number, found 'x'\."),
        (
            {"documents": [GOOD, {"text": 1}]},
            "invalid_field",
            r"documents\[1\]\.text: expected a valid string, found 1\.",
        ),
        ({"documents": [{"text": " "}]}, "invalid_field", r"documents\[0\]\.text: expected a text that is not empty"),
        ({"documents": [GOOD | {"lang": "xx"}]}, "invalid_field", r"\.lang: expected an ISO 639-1 code .* found 'xx'"),
        ({"documents": [GOOD | {"date": "2022"}]}, "invalid_field", r"\.date: expected a day as YYYY-MM-DD or null, f"),
        (
            {"documents": [GOOD | {"speaker": "Poland"}]},
            "invalid_field",
            r"\.speaker: .*alpha-3 code or null, found 'Pol",
        ),
        (
            {"documents": [GOOD | {"government": "POL"}]},
            "invalid_field",
            r"documents\[0\]\.government: .*no such field",
        ),
        ({"documents": [{"text": "x" * 50_001}]}, "document_too_long", r"at most 50000 characters .*, found 50001\."),
        (
            r'{"documents": [{"text": "a\ud800"}]}',
            "invalid_field",
            r"\.text: expected a text of whole characters, found h",
        ),
        (r'{"documents": [{"text": "a", "\ud800": 1}]}', "invalid_field", r"documents\[0\]: expected a valid string"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong_and_where(client, body, code, message):
    content = json.dumps(body) if isinstance(body, dict) else body
    answer = client.post("/v1/stances", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    ErrorForm.model_validate(answer.json())
    error = answer.json()["error"]
    assert error["code"] == code
    assert re.search(message, error["message"])
    assert {"expected", "found", "where"} <= set(error)


def test_other_errors_have_the_same_form(client):
    answers = {
        (404, "not_found", "/docs"): client.get("/v1/stance"),
        (405, "method_not_allowed", "/docs"): client.get("/v1/stances"),
        (422, "invalid_field", r"\?period: expected 'day', 'month', 'year' or 'all', found 'week'"): post(
            client, GOOD, query="?period=week"
        ),
        (422, "invalid_field", r"\?tabel: expected no such field"): post(client, GOOD, query="?tabel=true"),
        (422, "malformed_json", "Content-Type: application/json"): client.post(
            "/v1/stances", content="{}", headers={"content-type": "text/plain"}
        ),
    }
    for (status, code, message), answer in answers.items():
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert re.search(message, answer.json()["error"]["message"])


def chunks(count: int):
    for _ in range(count):
        yield b" " * 100


def test_a_body_over_the_limit_is_refused_whatever_length_it_says_it_has(open_door):
    client = ready(open_door(body_bytes=1000))
    for content in (b" " * 1001, chunks(11)):
        answer = client.post("/v1/stances", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "body_too_large"
        assert "at most 1000 bytes (limits.body_bytes)" in answer.json()["error"]["message"]
    assert post(client, GOOD).status_code == 200


def test_a_full_queue_refuses_and_says_when_to_come_again(open_door):
    predictor = Gated()
    client = ready(open_door(predictor, queued_documents=2, documents_per_request=2))
    with ThreadPoolExecutor(2) as threads:
        read = threads.submit(post, client, GOOD)
        assert predictor.begun.wait(60)
        waits = threads.submit(post, client, GOOD, GOOD)
        wait_until(lambda: "govstance_queue_documents 2.0" in client.get("/metrics").text)
        refused = post(client, GOOD)
        predictor.gate.set()
        assert [read.result().status_code, waits.result().status_code] == [200, 200]
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert "no room for 1 documents more (limits.queued_documents: 2)" in refused.json()["error"]["message"]
    assert post(client, GOOD).status_code == 200


def test_a_request_that_takes_too_long_is_given_up_and_what_it_did_not_begin_is_not_read(open_door):
    predictor = Gated()
    client = ready(open_door(predictor, seconds_per_request=0.5, documents_per_batch=1))
    slow = post(client, GOOD, {"text": "France never ."})
    assert slow.status_code == 503
    assert slow.json()["error"]["code"] == "timeout"
    assert "longer than 0.5 s (limits.seconds_per_request)" in slow.json()["error"]["message"]
    predictor.gate.set()
    wait_until(lambda: post(client, GOOD).status_code == 200)
    assert GOOD["text"] in predictor.seen
    assert "France never ." not in predictor.seen


def test_what_a_client_that_goes_away_has_waiting_gives_up_its_places_and_is_not_read():
    predictor = Gated()
    limits = dataclasses.replace(LIMITS, documents_per_batch=1, documents_per_request=2, queued_documents=2)
    with running_server(predictor, limits) as address, httpx2.Client(base_url=address, timeout=90) as http:

        def figure(line):
            wait_until(lambda: f"\n{line}\n" in http.get("/metrics").text)

        with sending(address, GOOD, {"text": "France never ."}):
            assert predictor.begun.wait(60)
            with sending(address, {"text": "Brazil never ."}):
                figure("govstance_queue_documents 2.0")
                assert post(http, GOOD).status_code == 429
        figure("govstance_queue_documents 0.0")
        figure("govstance_requests_in_flight 0.0")  # nor is the one waited for that the model still reads
        with ThreadPoolExecutor(1) as threads:
            stays = threads.submit(post, http, RECORDS[0], RECORDS[1])
            figure("govstance_queue_documents 2.0")
            predictor.gate.set()
            assert stays.result().status_code == 200
        figure("govstance_documents_total 3.0")
        figure('govstance_requests_total{method="POST",path="/v1/stances",status="499"} 2.0')
    assert not any("never" in text for text in predictor.seen)


def test_an_unforeseen_error_fails_alone_with_a_number_and_no_text_in_the_log(open_door, caplog):
    predictor = Gated()
    client = ready(open_door(predictor))
    with caplog.at_level(logging.DEBUG), ThreadPoolExecutor(3) as threads:
        first = threads.submit(post, client, GOOD)
        assert predictor.begun.wait(60)
        good, bad = threads.submit(post, client, RECORDS[0]), threads.submit(post, client, {"text": SECRET})
        wait_until(lambda: "govstance_queue_documents 2.0" in client.get("/metrics").text)
        predictor.gate.set()
        assert [first.result().status_code, good.result().status_code] == [200, 200]
        failed = bad.result()
    assert failed.status_code == 500
    assert set(failed.json()["error"]) == {"code", "message"}
    number = re.fullmatch(
        r"an error of the server's own, logged as ([0-9a-f]{12})\.", failed.json()["error"]["message"]
    )
    assert f"error {number.group(1)}: ValueError" in caplog.text
    assert "predict_probabilities" in caplog.text
    assert "zirconium clause" not in caplog.text
    assert "zirconium clause" not in failed.text
    assert 'status="500"} 1.0' in client.get("/metrics").text


def test_before_the_model_is_loaded_and_while_it_stops_it_says_so(open_door):
    gate, state = threading.Event(), ServerState()

    def load():
        assert gate.wait(60)
        return served_by(Keywords())

    client = open_door(load=load, state=state)
    for found, expected in ((client.get("/healthz"), {"status": "loading"}), (post(client, GOOD), None)):
        assert found.status_code == 503
        assert found.json() == expected or found.json()["error"]["code"] == "loading"
    assert client.get("/v1/model").status_code == 503
    gate.set()
    ready(client)
    assert post(client, GOOD).status_code == 200
    state.draining = True
    assert client.get("/healthz").json() == {"status": "draining"}
    refused = post(client, GOOD)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "draining")
    assert "retry-after" in refused.headers


def test_figures_are_counted(client):
    post(client, *RECORDS)
    post(client)
    client.get("/nowhere/in/particular")
    text = client.get("/metrics").text
    for line in (
        'govstance_requests_total{method="POST",path="/v1/stances",status="200"} 1.0',
        'govstance_requests_total{method="POST",path="/v1/stances",status="422"} 1.0',
        'govstance_requests_total{method="GET",path="other",status="404"} 1.0',
        'govstance_request_seconds_count{path="/v1/stances"} 2.0',
        "govstance_documents_total 3.0",
        "govstance_batch_documents_count 1.0",
        "govstance_queue_documents 0.0",
        "govstance_requests_in_flight 0.0",
    ):
        assert line in text
    assert "process_resident_memory_bytes" in text


def test_the_documentation_needs_no_network(client):
    page = client.get("/docs").text
    assert "//" not in re.sub(r"<!--.*?-->", "", page).replace("// ", "")
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 3
    assert all(client.get(asset).status_code == 200 for asset in assets)
    assert '"validatorUrl": null' in page
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {"/v1/stances", "/v1/model", "/healthz", "/metrics"}
    assert set(described["paths"]["/v1/stances"]["post"]["responses"]) == {"200", "413", "422", "429", "500", "503"}


def test_the_page_is_served_where_there_is_one(open_door, client, tmp_path):
    assert client.get("/", follow_redirects=False).headers["location"] == "/docs"
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("<h1>page</h1>")
    (tmp_path / "page" / "page.js").write_text("'use strict'")
    with_page = open_door(page_folder=tmp_path / "page")
    assert with_page.get("/").text == "<h1>page</h1>"
    assert with_page.get("/page/page.js").text == "'use strict'"
    assert with_page.get("/page/none.js").json()["error"]["code"] == "not_found"


def test_what_is_cancelled_leaves_its_places_at_once_to_others():
    batcher = Batcher(lambda items: items, batch_size=2, wait_seconds=0.0, room=3)
    given_up = batcher.submit(range(3))
    batcher.cancel(given_up[:2])
    assert batcher.queued == 1
    futures = [given_up[2], *batcher.submit(range(3, 5))]
    batcher.start()
    assert [future.result(10) for future in futures] == [2, 3, 4]
    batcher.stop(10)


def test_a_batch_is_no_larger_than_it_may_be():
    sizes = []
    batcher = Batcher(lambda items: items, batch_size=2, wait_seconds=0.0, room=5, on_batch=sizes.append)
    futures = batcher.submit(range(5))
    futures[4].cancel()
    batcher.start()
    assert [future.result(10) for future in futures[:4]] == [0, 1, 2, 3]
    batcher.stop(10)
    assert sizes == [2, 2]


def test_the_server_finishes_what_is_begun_and_takes_nothing_new():
    predictor, state = Gated(), ServerState()
    app = create_app(lambda: served_by(predictor), limits=LIMITS, state=state)
    with listening_socket("127.0.0.1", 0) as listening, ThreadPoolExecutor(1) as threads:
        server = DrainingServer(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5), state)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        address = address_of(listening)
        wait_until(lambda: state.model is not None and server.started)
        begun = threads.submit(httpx2.post, f"{address}/v1/stances", json={"documents": [GOOD]}, timeout=90)
        assert predictor.begun.wait(60)
        server.handle_exit(signal.SIGTERM, None)
        assert httpx2.get(f"{address}/healthz", timeout=60).status_code == 503
        assert httpx2.post(f"{address}/v1/stances", json={"documents": [GOOD]}, timeout=60).status_code == 503
        predictor.gate.set()
        assert begun.result().status_code == 200
        running.join(60)
        assert not running.is_alive()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"body_bytes": 0}, r"limits\.body_bytes: expected at least 1, found 0"),
        ({"queued_documents": 8}, r"documents_per_request=32 is larger than limits\.queued_documents=8"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits, message):
    with pytest.raises(GovstanceError, match=message):
        run_server(ServeConfig(limits=Limits(**limits)))


def test_a_port_that_can_not_be_had_is_told():
    with (
        listening_socket("127.0.0.1", 0) as taken,
        pytest.raises(GovstanceError, match=r"expected a free port of this machine; port \d+ is in use\. Stop what"),
    ):
        run_server(ServeConfig(port=taken.getsockname()[1]))
    with pytest.raises(GovstanceError, match=r"port=70000: expected a free port of this machine; found: "):
        run_server(ServeConfig(port=70000))


def test_a_model_that_does_not_load_ends_the_server(tmp_path, capsys):
    with pytest.raises(GovstanceError, match=r"expected a run folder or a model folder"):
        run_server(ServeConfig(model=str(tmp_path / "nowhere"), port=0))
    assert capsys.readouterr().out.startswith("govstance: open http://127.0.0.1:")


def test_the_script_serves_and_stops_cleanly(tiny_folder):
    command = [sys.executable, "scripts/serve.py", f"model={tiny_folder}", "port=0", "threads=1"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            first = process.stdout.readline()
            address = re.fullmatch(
                r"govstance: open (http://127\.0\.0\.1:\d+) in a browser; stop with Ctrl-C\.\n", first
            )
            assert address, first
            with httpx2.Client(base_url=address.group(1), timeout=120) as http:
                wait_until(lambda: http.get("/healthz").status_code == 200, seconds=300)
                document = {"id": "kazakhstan", "text": EXAMPLE.read_text(encoding="utf-8")}
                answer = http.post("/v1/stances", json={"documents": [document]})
                # The connection goes on: the server does not choke on what it did not read of a body.
                large = http.post("/v1/stances", content=b" " * 5_000_000, headers={"content-type": "application/json"})
                assert http.get("/healthz").status_code == 200
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=300)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert answer.status_code == 200
    assert {stance["government"] for stance in answer.json()["documents"][0]["stances"]} >= {"KAZ", "POL", "RUS"}
    assert large.status_code == 413
    assert "\nstopped\n" in errors
    assert "ready: model tiny" in errors
    assert "Traceback" not in errors
