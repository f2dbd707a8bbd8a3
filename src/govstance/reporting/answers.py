"""What predict shows of a document: a matrix of governments and targets, and the sentences under it."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from govstance.actors.names import government_name
from govstance.inference.aggregate import Evidence, StanceAnswer
from govstance.inference.documents import Document
from govstance.schema import STANCES, UNCERTAIN
from govstance.targets import Target

# Colour is a second channel; the word stands beside it.
STYLES = {"favor": "green", "against": "red", "neutral": "yellow", "none": "dim", UNCERTAIN: "magenta"}


def answers_to_json(document: Document, answers: Sequence[StanceAnswer]) -> dict[str, Any]:
    """One document's answers as one object of the output, with its language and date and whether they were detected."""
    return {
        "id": document.id,
        "source": document.source,
        "lang": document.lang,
        "lang_detected": document.lang_detected,
        "date": document.date,
        "date_from": document.date_from if document.date else None,
        "speaker": document.speaker,
        "sketch": document.recognised_by,
        "stances": [
            {
                "government": answer.government,
                "target": answer.target,
                "stance": answer.stance,
                "probability": round(answer.probability, 4),
                "probabilities": {
                    stance: round(value, 4) for stance, value in zip(STANCES, answer.probabilities, strict=True)
                },
                "n_passages": answer.n_passages,
                "evidence": [_evidence_to_json(document, item) for item in answer.evidence],
                "counter_evidence": [_evidence_to_json(document, item) for item in answer.counter_evidence],
            }
            for answer in answers
        ],
    }


def _evidence_to_json(document: Document, item: Evidence) -> dict[str, Any]:
    page = document.page_of(item.start)
    return ({} if page is None else {"page": page}) | {
        "start": item.start,
        "end": item.end,
        "text": item.text,
        "stance": item.stance,
        "probability": round(item.probability, 4),
    }


def answers_from_json(value: Mapping[str, Any]) -> tuple[Document, list[StanceAnswer]]:
    """What `answers_to_json` gave, for the table: probabilities have four digits, and the document has no text.

    Of its pages the document knows those on which its evidence stands.
    """
    answers = [
        StanceAnswer(
            government=item["government"],
            target=item["target"],
            stance=item["stance"],
            probability=item["probability"],
            probabilities=tuple(item["probabilities"][stance] for stance in STANCES),
            evidence=tuple(map(_evidence_from_json, item["evidence"])),
            counter_evidence=tuple(map(_evidence_from_json, item["counter_evidence"])),
            n_passages=item["n_passages"],
        )
        for item in value["stances"]
    ]
    document = Document(
        id=value["id"],
        text="",
        lang=value["lang"],
        date=value["date"],
        speaker=value["speaker"],
        source=value["source"],
        lang_detected=value["lang_detected"],
        date_from=value["date_from"],
        sketch=value["sketch"],
    )
    return document, answers


def _evidence_from_json(value: Mapping[str, Any]) -> Evidence:
    return Evidence(value["start"], value["end"], value["text"], value["stance"], value["probability"])


def print_answers(
    console: Console, document_id: str, answers: Sequence[StanceAnswer], targets: Sequence[Target]
) -> None:
    """Prints the matrix and the evidence of one document.

    Governments without a position on any target come in one line at the end.
    """
    if not answers:
        console.print(f"{document_id}: names no government.")
        return
    by_government: dict[str, dict[str, StanceAnswer]] = {}
    for answer in answers:
        by_government.setdefault(answer.government, {})[answer.target] = answer
    with_position = [
        government
        for government, of_target in by_government.items()
        if any(answer.stance != "none" for answer in of_target.values())
    ]
    silent = [government for government in by_government if government not in with_position]
    if with_position:
        console.print(_matrix(document_id, {name: by_government[name] for name in with_position}, targets))
        for government in with_position:
            _print_evidence(console, government, by_government[government], targets)
    if silent:
        names = ", ".join(map(government_name, silent))
        console.print(f"{document_id}: named, without a position on any target: {names}", style="dim")


def _matrix(document_id: str, by_government: dict[str, dict[str, StanceAnswer]], targets: Sequence[Target]) -> Table:
    table = Table(title=document_id, title_justify="left")
    table.add_column("government", no_wrap=True)
    for target in targets:
        table.add_column(target.id.replace("_", "_\n", 1))  # narrow enough for 80 characters
    for government, of_target in by_government.items():
        cells = [_cell(of_target.get(target.id)) for target in targets]
        table.add_row(f"{government_name(government)} ({government})", *cells)
    return table


def _cell(answer: StanceAnswer | None) -> Text:
    """A dash where the target is not asked of the government."""
    return Text("-") if answer is None else Text(f"{answer.stance} {answer.probability:.2f}", STYLES[answer.stance])


def _print_evidence(
    console: Console, government: str, of_target: dict[str, StanceAnswer], targets: Sequence[Target]
) -> None:
    for target in targets:
        answer = of_target.get(target.id)
        if answer is None or answer.stance == "none":
            continue
        heading = Text.assemble(
            (government_name(government), "bold"), f", {target.id}: ", (answer.stance, STYLES[answer.stance])
        )
        if answer.evidence:
            console.print(heading)
            console.print(_sentences(answer.evidence))
        elif answer.probabilities[STANCES.index("none")] < answer.probability:
            console.print(heading + Text("; no single sentence about it says so", "dim"))
        if answer.counter_evidence:
            stance = answer.counter_evidence[0].stance
            console.print(Text.assemble("  but also ", (stance, STYLES[stance])))
            console.print(_sentences(answer.counter_evidence))


def _sentences(evidence: Sequence[Evidence]) -> Table:
    sentences = Table.grid(padding=(0, 1), pad_edge=True)
    for item in evidence:
        sentences.add_row(f"{item.probability:.2f}", Text(f"{' '.join(item.text.split())} [{item.start}:{item.end}]"))
    return sentences
