"""The page of the server, in a real browser: against a stand-in that answers as /v1 does, in words of our own."""

import csv
import io
import json
import re
import shutil
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import ROOT
from playwright.sync_api import expect, sync_playwright

from govstance.schema import AUTHOR, STANCES, government_codes
from govstance.targets import load_targets

PAGE = ROOT / "src" / "govstance" / "serving" / "page"
LANGUAGES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (PAGE / "languages").glob("*.json")}
TARGETS = load_targets(ROOT / "data" / "targets.yaml")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium: apt-get install chromium")

OPENING = "🕊️ Notes of the day 🌍. <script>window.ran = true</script><b>bold</b> "
SAID = "Kazakhstan will not recognise the annexation of Crimea."
OTHERWISE = "Yet one official in Astana called it settled."
HEDGED = "It stays on good terms with Russia."
ARTICLE = f"{OPENING}\n\n{SAID} {OTHERWISE} {HEDGED}\n\nRussia and Uzbekistan had nothing to add."
FAILURES = {
    413: {"code": "body_too_large", "message": "body: expected at most 100 bytes."},
    422: {"code": "invalid_field", "message": "documents[0].date: expected a day, found '2022-13-01'."},
    429: {"code": "queue_full", "message": "the queue has no room."},
    503: {"code": "loading", "message": "the model is not loaded yet."},
    500: {"code": "internal", "message": "logged as 12ab."},
}


def stance(text, government, target, stance="none", probability=0.97, evidence=(), counter=()):
    rest = round((1 - probability) / 3, 4)
    return {
        "government": government,
        "target": target,
        "stance": stance,
        "probability": probability,
        "probabilities": {name: probability if name == stance else rest for name in STANCES},
        "evidence": [sentence(text, said, stance, 0.91) for said in evidence],
        "counter_evidence": [sentence(text, said, "favor", 0.55) for said in counter],
    }


def sentence(text, said, of_stance, probability):
    start = text.index(said)
    return {"start": start, "end": start + len(said), "text": said, "stance": of_stance, "probability": probability}


def stances_of(text, abstain):
    annexation, sanctions, alliance = (target.id for target in TARGETS)
    if SAID not in text:
        return []
    hedged = stance(text, "KAZ", alliance, "favor", 0.6, [HEDGED])
    return [
        stance(text, "KAZ", annexation, "against", 0.93, [SAID], [OTHERWISE]),
        stance(text, "KAZ", sanctions),
        hedged | ({"stance": "uncertain"} if abstain else {}),
        stance(text, "RUS", annexation, "favor", 0.8),
        stance(text, "RUS", sanctions),
        *(stance(text, "UZB", target.id) for target in TARGETS),
    ]


class StandIn(SimpleHTTPRequestHandler):
    """Answers as the server does; `failure` of the server makes it refuse, `wait` makes it slow."""

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=str(PAGE))

    def log_message(self, *arguments):
        pass

    def translate_path(self, path):
        return super().translate_path("/index.html" if path == "/" else path.removeprefix("/page"))

    def do_GET(self):
        if self.path != "/v1/model":
            return super().do_GET()
        targets = [target.to_json() for target in TARGETS]
        card = {"name": "stand-in", "version": "1", "engine": "none"}
        abstain = [0.02, 0.05, 0.1, 0.2]
        return self.send(200, {"model": card, "targets": targets, "stances": STANCES, "abstain": abstain})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        self.server.released.wait(10)
        if self.server.failure:
            return self.send(self.server.failure, {"error": FAILURES[self.server.failure]})
        documents = [
            {
                "id": document["id"],
                "lang": document.get("lang", "en"),
                "lang_detected": "lang" not in document,
                "date": document.get("date"),
                "date_from": "given" if "date" in document else None,
                "stances": stances_of(document["text"], asked.get("abstain")),
            }
            for document in asked["documents"]
        ]
        return self.send(
            200,
            {
                "model": {"name": "stand-in", "version": "1", "engine": "none"},
                "targets": [target.to_json() for target in TARGETS],
                "stances": STANCES,
                "government_names": {"KAZ": "Kazakhstan", "RUS": "Russia", "UZB": "Uzbekistan"},
                "documents": documents,
            },
        )

    def send(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def stand_in():
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    server.asked, server.failure, server.released = [], None, threading.Event()
    server.released.set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def server():
    with stand_in() as started:
        yield started


@pytest.fixture
def page(browser, server):
    """The page in English, as on a desktop; a request to anywhere else, or an error in the console, fails the test."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(5000)
    address = f"http://127.0.0.1:{server.server_port}"
    elsewhere, errors = [], []
    opened.on("request", lambda request: None if request.url.startswith((address, "blob:")) else elsewhere.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(f"{address}/")
    opened.wait_for_selector("body[data-ready]")
    yield opened
    assert (elsewhere, errors) == ([], [])
    context.close()
