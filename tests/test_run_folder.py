"""The provenance of a run."""

from govstance.files import read_json
from govstance.training import run_folder
from govstance.training.run_folder import PROVENANCE_FILE, beginning, write_provenance


def test_a_run_names_the_source_that_it_began_with(monkeypatch, tmp_path):
    answers = {"rev-parse": "first", "status": ""}
    monkeypatch.setattr(run_folder, "_git", lambda *arguments: answers[arguments[0]])
    started = beginning()
    answers |= {"rev-parse": "second", "status": " M src/govstance/schema.py"}
    write_provenance(tmp_path, seed=0, data=[], started=started)
    provenance = read_json(tmp_path / PROVENANCE_FILE)
    assert provenance["commit"] == "first"
    assert provenance["uncommitted_changes"] is False
    assert provenance["started"] <= provenance["finished"]
