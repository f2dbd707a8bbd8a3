"""A server that answers as /v1 does, at once and in words of our own, and serves the page of the real one."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from conftest import ROOT

from govstance.schema import STANCES
from govstance.targets import load_targets

PAGE = ROOT / "src" / "govstance" / "serving" / "page"
TARGETS = load_targets(ROOT / "data" / "targets.yaml")

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
    """Answers as the server does; `failure` of the server makes it refuse, `released` makes answers and `late` wait."""

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=str(PAGE))

    def log_message(self, *arguments):
        pass

    def translate_path(self, path):
        return super().translate_path("/index.html" if path == "/" else path.removeprefix("/page"))

    def do_GET(self):
        if self.path == self.server.late:
            self.server.released.wait(60)
        if self.path != "/v1/model":
            return super().do_GET()
        targets = [target.to_json() for target in TARGETS]
        card = {"name": "stand-in", "version": "1", "engine": "none"}
        abstain = [0.02, 0.05, 0.1, 0.2]
        return self.send(200, {"model": card, "targets": targets, "stances": STANCES, "abstain": abstain})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        self.server.released.wait(60)
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
def stand_in() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    server.asked, server.failure, server.late, server.released = [], None, None, threading.Event()
    server.released.set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
