"""The model card of an export: what it is, what it learnt from, how good it is, what it is not for.

Owns the text; figures are those of the run that the model came from, and a card without any says so.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import ModelCardData

from govstance.targets import Target

CODE_LICENCE = "apache-2.0"


def model_card(
    *,
    name: str,
    engine: str,
    backbone: str,
    targets: Sequence[Target],
    training_data: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Any] | None,
    gazetteer: str,
    version: str,
) -> str:
    """The card as Markdown with the front matter of a model hub.

    Args:
        name: Of the model.
        engine: "torch" or "onnx".
        backbone: What it was trained from, or its architecture where that is unknown.
        targets: What it answers.
        training_data: Path and sha256 of each file.
        metrics: metrics.json of the run that the model came from; None: there is none beside it.
        gazetteer: Version of data/actors.
        version: Of govstance.
    """
    front = ModelCardData(
        license=CODE_LICENCE,
        library_name="govstance",
        pipeline_tag="text-classification",
        language="multilingual",
        tags=["stance-detection", "government-stance", engine],
    )
    sections = (
        ("What it answers", _answers(targets)),
        ("Where it comes from", _origin(engine, backbone, gazetteer, version)),
        ("Training data", _data(training_data)),
        ("How good it is", _scores(metrics)),
        ("Limits", LIMITS),
        ("Licence", LICENCE),
    )
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections)
    return f"---\n{front.to_yaml()}\n---\n\n# {name}\n\n{INTRODUCTION}\n\n{body}\n"


INTRODUCTION = (
    "Reads the stance of a government from a passage, in the languages of its backbone: favor, against, neutral, or "
    "none (the passage does not say), with a calibrated probability. Read it with "
    '`govstance.StanceClassifier.from_pretrained("<this folder>")`.'
)
LIMITS = (
    "An answer tells what a text says of a government's position, not what the position is. It is for finding and "
    "counting what texts say, each with its sentence to be checked; not about persons, and not for decisions about "
    "anybody. A government's name decides part of the answer. On text unlike its training rows, and in languages "
    "that they lack, it is read worse by an unknown amount. Labels and composed "
    "training texts were made by a language model."
)
LICENCE = (
    "Code and weights: Apache-2.0. The project's composed corpus: CC BY 4.0; rows of your own training keep their "
    "licence. The backbone keeps its own."
)


def _answers(targets: Sequence[Target]) -> str:
    return "\n".join(
        f"- `{target.id}`: {target.name}. Favor: {target.favor} Against: {target.against}" for target in targets
    )


def _origin(engine: str, backbone: str, gazetteer: str, version: str) -> str:
    return (
        f"| | |\n|---|---|\n| backbone | {backbone} |\n| engine | {engine} |\n| govstance | {version} |\n"
        f"| gazetteer (`data/actors`) | {gazetteer} |"
    )


def _data(training_data: Sequence[Mapping[str, Any]]) -> str:
    if not training_data:
        return "Unknown: the model folder names no file."
    lines = [f"| {item['path']} | `{item['sha256'][:16]}` |" for item in training_data]
    return "\n".join(("| file | sha256, first 16 |", "|---|---|", *lines))


def _scores(metrics: Mapping[str, Any] | None) -> str:
    if metrics is None:
        return "Not measured: no metrics.json of a run lies beside the model that was exported."
    data = metrics["data"]
    languages = ", ".join(data["languages"])
    lines = ["| system | macro-F1, mean over targets | 95 % interval |", "|---|---|---|"]
    for system, scores in metrics["systems"].items():
        low, high = scores["macro_f1_interval_95"]
        lines.append(f"| {system} | {scores['mean']['macro_f1']:.3f} | {low:.3f} to {high:.3f} |")
    return "\n".join(
        (
            f"{data['n_rows']} rows of {data['n_documents']} documents, split `{data['split'] or 'all'}`, languages "
            f"{languages}; the interval is a bootstrap over documents. They were scored before the export.",
            "",
            *lines,
        )
    )
