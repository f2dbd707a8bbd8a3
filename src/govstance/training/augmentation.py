"""Changes training rows so that what must not decide can't be learnt: names of governments, who shares a text, and
whether somebody has noted who speaks.

Owns three augmentations and the order of all; the others are `cutting`'s. Never used on rows that are chosen by or
scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from govstance.actors.finder import MentionFinder
from govstance.corpus.evidence import MarkedText
from govstance.corpus.renaming import with_names
from govstance.errors import GovstanceError
from govstance.schema import Row
from govstance.training.cutting import partial_passages

# The targets are about them, so their names must stay.
NEVER_RENAMED = ("RUS", "UKR")


def augmented(
    rows: Sequence[Row],
    finder: MentionFinder,
    *,
    renamed_share: float,
    joined_share: float,
    seed: int,
    cut_share: float = 0.0,
    kept_share: float = 0.0,
    unsaid_share: float = 0.0,
    marks: Mapping[str, MarkedText] = MappingProxyType({}),
) -> list[Row]:
    """Training rows, some under other names, and passages made of two, or of a part of one.

    Args:
        rows: Training rows; rows with one text and language are one passage.
        finder: Of mentions.
        renamed_share: Share of passages whose governments go by the names of others; the changed one replaces it.
        joined_share: So many joined passages are added, as a share of the passages; fewer where two are too long.
        seed: Of every draw.
        cut_share, kept_share: Of the marked passages so many come again in part, see `partial_passages`.
        unsaid_share: Of the passages with a speaker, copies in part too, so many do not say who it is.
        marks: By the SHA-256 of the text.

    Raises:
        GovstanceError: A share is not between 0 and 1.
    """
    shares = {
        "renamed_texts": renamed_share,
        "joined_texts": joined_share,
        "cut_texts": cut_share,
        "kept_texts": kept_share,
        "unsaid_speakers": unsaid_share,
    }
    for name, share in shares.items():
        if not 0.0 <= share <= 1.0:
            raise GovstanceError(f"training.{name}: expected a share between 0 and 1; found {share:g}.")
    generator = np.random.default_rng(seed)
    passages = list(_passages(rows).values())
    governments = sorted({row.government for row in rows} - set(NEVER_RENAMED))
    joined = _joined_passages(passages, finder, round(joined_share * len(passages)), generator)
    chosen = set(generator.permutation(len(passages))[: round(renamed_share * len(passages))].tolist())
    own = [
        renamed_passage(passage, finder, governments, generator) if number in chosen else passage
        for number, passage in enumerate(passages)
    ]
    cut = partial_passages(passages, marks, finder, generator, share=cut_share, part="cut")
    short = partial_passages(passages, marks, finder, generator, share=kept_share, part="kept")
    learnt = speakers_unsaid([*own, *joined, *cut, *short], generator, share=unsaid_share)
    return [row for passage in learnt for row in passage]


def renamed_passage(
    passage: Sequence[Row], finder: MentionFinder, governments: Sequence[str], generator: np.random.Generator
) -> list[Row]:
    """The passage with every government but Russia and Ukraine under the name of another, in text and question.

    Args:
        passage: Rows of one text.
        finder: Of mentions.
        governments: Names to draw from: ISO 3166-1 alpha-3 codes.
        generator: Of the draw.
    """
    first = passage[0]
    mentions = finder.find(first.text, first.lang, first.date)
    own = {row.government for row in passage} - set(NEVER_RENAMED)
    named = own | {mention.government for mention in mentions}
    others = [government for government in governments if government not in named]
    if len(others) < len(own):
        return list(passage)
    drawn = generator.choice(len(others), size=len(own), replace=False)
    names = {government: others[index] for government, index in zip(sorted(own), drawn, strict=True)}
    places = [
        (mention.start, mention.end, names[mention.government]) for mention in mentions if mention.government in names
    ]
    text = with_names(first.text, first.lang, places)
    return [replace(row, text=text, government=names.get(row.government, row.government)) for row in passage]


def speakers_unsaid(
    passages: Sequence[Sequence[Row]], generator: np.random.Generator, *, share: float
) -> list[Sequence[Row]]:
    """The passages, of which a share of those with a speaker no longer say who speaks: its role is `mentioned`.

    Most texts in the first person come without a note of whose they are, and their words have to tell it.

    Args:
        passages: Rows of one text each.
        generator: Of the draw.
        share: Between 0 and 1.
    """
    spoken = [number for number, passage in enumerate(passages) if any(row.role == "speaker" for row in passage)]
    unsaid = set(generator.permutation(spoken)[: round(share * len(spoken))].tolist())
    return [
        [replace(row, role="mentioned") for row in passage] if number in unsaid else passage
        for number, passage in enumerate(passages)
    ]


def joined_passage(first: Sequence[Row], second: Sequence[Row], finder: MentionFinder) -> list[Row]:
    """One passage of two: each government keeps the stance of the half that is about it.

    A government that the other half names without a row is left out, as nobody knows its stance there; so is, target
    by target, the label of one whose stances in the halves differ.

    Args:
        first, second: Rows of one text each, in one language, no speaker among them.
        finder: Of mentions.
    """
    text = f"{first[0].text}\n\n{second[0].text}"
    halves = [{row.government: row for row in half} for half in (first, second)]
    named = [
        {mention.government for mention in finder.find(half[0].text, half[0].lang, half[0].date)}
        for half in (first, second)
    ]
    joined = []
    for government in dict.fromkeys([*halves[0], *halves[1]]):
        here = [half[government] for half in halves if government in half]
        if len(here) == 1 and government in named[0 if government in halves[1] else 1]:
            continue
        labels = here[0].labels if len(here) == 1 else _merged(here[0].labels, here[1].labels)
        joined.append(replace(here[0], id=f"{first[0].id}+{here[-1].id}", text=text, labels=labels))
    return joined


def _merged(first: Mapping[str, str | None], second: Mapping[str, str | None]) -> dict[str, str | None]:
    merged: dict[str, str | None] = {}
    for target, stance in first.items():
        stances = {stance, second[target]}
        held = stances - {"none"}
        merged[target] = None if None in stances or len(held) > 1 else (held or stances).pop()
    return merged


def _joined_passages(
    passages: Sequence[Sequence[Row]], finder: MentionFinder, count: int, generator: np.random.Generator
) -> list[list[Row]]:
    """Joins passages drawn at random, none longer than the longest of its language, which the encoder can hold."""
    able: dict[str, list[Sequence[Row]]] = {}
    for passage in passages:
        if all(row.role == "mentioned" for row in passage):
            able.setdefault(passage[0].lang, []).append(passage)
    longest = {lang: max(len(passage[0].text) for passage in of_lang) for lang, of_lang in able.items()}
    pool = [passage for of_lang in able.values() for passage in of_lang]
    joined: list[list[Row]] = []
    for number in generator.permutation(len(pool))[:count] if pool else ():
        first = pool[int(number)]
        lang = first[0].lang
        second = able[lang][int(generator.integers(len(able[lang])))]
        if second is not first and len(first[0].text) + len(second[0].text) <= longest[lang]:
            joined.append(joined_passage(first, second, finder))
    return [passage for passage in joined if passage]


def _passages(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    passages: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        passages.setdefault((row.text, row.lang), []).append(row)
    return passages
