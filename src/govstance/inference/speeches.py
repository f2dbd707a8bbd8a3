"""Official speeches, one file each, to what their governments say: the speaker's stance in the passages on a subject.

A file is `Session 77 - 2022/KAZ_77_2022.txt`: the government whose speech it is, the session, the year. Most of a
speech is about other things, so only passages that touch the subject are read, and what was left out is counted.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from govstance.actors.finder import MentionFinder
from govstance.actors.gazetteer import Pattern
from govstance.actors.matcher import Matcher
from govstance.errors import GovstanceError
from govstance.inference.aggregate import NONE_INDEX, pool_passages
from govstance.schema import STANCES, Row, government_codes
from govstance.text.language import detect_language
from govstance.text.sentences import Span, split_passages, split_sentences

FILE_NAME = re.compile(r"(?P<government>[A-Z]{2,3})_\d+_(?P<year>\d{4})\.txt")
FAVOR_INDEX, AGAINST_INDEX = STANCES.index("favor"), STANCES.index("against")


@dataclass(frozen=True, slots=True)
class Speech:
    """One government's speech.

    Attributes:
        file: From the folder of speeches, with forward slashes.
        government: ISO 3166-1 alpha-3 code of the speaker.
        year: As in the file's name.
        lang: ISO 639-1 code, detected.
        text: As read.
    """

    file: str
    government: str
    year: int
    lang: str
    text: str


@dataclass(frozen=True, slots=True)
class SpeechPassage:
    """A passage on the subject.

    Attributes:
        speech: Whose it is.
        span: Where it lies in the text.
        sentences: Its sentences.
    """

    speech: Speech
    span: Span
    sentences: tuple[Span, ...]

    def row(self, span: Span | None = None) -> Row:
        """What the model reads: the passage, or a sentence of it, as the speaker's own words."""
        place = span or self.span
        speech = self.speech
        return Row(
            id=f"{speech.file}:{place.start}-{place.end}",
            text=" ".join(speech.text[place.start : place.end].split()),
            lang=speech.lang,
            date=None,  # the files tell the year only
            source="speech",
            group=speech.file,
            government=speech.government,
            role="speaker",
            labels={},
        )


@dataclass(frozen=True)
class SpeechFolder:
    """What a folder of speeches held.

    Attributes:
        speeches: Of the wanted years, by file name.
        unread: File -> why it is not a government's speech.
    """

    speeches: list[Speech]
    unread: dict[str, str]


def read_speeches(folder: Path, years: Sequence[int]) -> SpeechFolder:
    """Reads the speeches of some years.

    Args:
        folder: Holds one file a speech, in folders of any name.
        years: Each must have a speech.

    Raises:
        GovstanceError: The folder is missing, a year has no speech, or a file is not UTF-8.
    """
    if not folder.is_dir():
        raise GovstanceError(
            "speeches.folder: expected a folder with files such as 'Session 77 - 2022/KAZ_77_2022.txt', found no "
            f"folder {folder} (looked from {Path.cwd()}). configs/corpus/ungdc.yaml says where to get them."
        )
    speeches, unread, found = [], {}, set()
    for path in sorted(folder.rglob("*.txt")):
        name = path.relative_to(folder).as_posix()
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            unread[name] = "the name is not like KAZ_77_2022.txt"
            continue
        year, government = int(match["year"]), match["government"]
        if government in government_codes():
            found.add(year)
        if year not in years:
            continue
        text = _text(path)
        if government not in government_codes():
            unread[name] = f"{government} is no ISO 3166-1 alpha-3 code of a government"
        elif not text.strip():
            unread[name] = "the file is empty"
        else:
            speeches.append(Speech(name, government, year, detect_language(text), text))
    missing = sorted(set(years) - {speech.year for speech in speeches})
    if missing or not speeches:
        raise GovstanceError(
            f"speeches.years: expected a speech of each year in {folder}; found none of "
            f"{', '.join(map(str, missing)) or 'any year, for none is named'}. The folder has the years "
            f"{', '.join(map(str, sorted(found))) or '(none)'}."
        )
    return SpeechFolder(speeches, unread)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GovstanceError(f"{path}: expected UTF-8, found {error.reason} at byte {error.start}.") from None


def subject_test(finder: MentionFinder, governments: Sequence[str], words: Sequence[str]) -> Callable[[str, str], bool]:
    """A test whether a text touches the subject: it names one of the governments, or holds one of the words.

    Args:
        finder: Of mentions of governments.
        governments: ISO 3166-1 alpha-3 codes.
        words: Patterns, as data/actors/README.md describes them.

    Returns:
        Text and ISO 639-1 code in, yes or no out.
    """
    # Which government a word would stand for plays no part.
    matcher = Matcher([Pattern(word, governments[0], "names") for word in words], "en")

    def touches(text: str, lang: str) -> bool:
        named = {mention.government for mention in finder.find(text, lang, None)}
        return not named.isdisjoint(governments) or bool(matcher.find(text))

    return touches


def subject_passages(
    speech: Speech,
    touches: Callable[[str, str], bool],
    *,
    sentences_per_passage: int,
    stride: int,
    max_characters: int,
) -> tuple[list[SpeechPassage], int]:
    """The passages of a speech that touch the subject, and how many passages it has in all.

    Args:
        speech: One speech.
        touches: From `subject_test`.
        sentences_per_passage, stride, max_characters: See `split_passages`.
    """
    sentences = split_sentences(speech.text, speech.lang)
    passages = split_passages(
        sentences, sentences_per_passage=sentences_per_passage, stride=stride, max_characters=max_characters
    )
    kept = [
        SpeechPassage(speech, passage.span, tuple(sentences[number] for number in passage.sentences))
        for passage in passages
        if touches(speech.text[passage.span.start : passage.span.end], speech.lang)
    ]
    return kept, len(passages)


@dataclass(frozen=True, slots=True)
class Position:
    """What a government's speeches say on one target.

    Attributes:
        score: P(favor) - P(against) of the pooled passages, from -1 to 1; 0 where there is no passage.
        stance: The most probable one; "none" where there is no passage.
        n_passages: Passages on the subject that were read.
    """

    score: float
    stance: str
    n_passages: int


def positions(
    passages: Sequence[SpeechPassage], probabilities: np.ndarray, speeches: Sequence[Speech]
) -> dict[str, Position]:
    """What each government says on one target, its passages of all speeches pooled as `pool_passages` does.

    Args:
        passages: On the subject.
        probabilities: (n_passages, n_stances), of one target.
        speeches: Only passages of these count; a government with none on the subject has score 0.

    Returns:
        Government -> position, for every government with a speech.
    """
    wanted = {speech.file for speech in speeches}
    members: dict[str, list[int]] = {speech.government: [] for speech in speeches}
    for index, passage in enumerate(passages):
        if passage.speech.file in wanted:
            members[passage.speech.government].append(index)
    result = {}
    for government, indices in sorted(members.items()):
        if not indices:
            result[government] = Position(0.0, "none", 0)
            continue
        pooled = pool_passages(probabilities[indices])
        score = float(pooled[FAVOR_INDEX] - pooled[AGAINST_INDEX])
        result[government] = Position(score, STANCES[int(pooled.argmax())], len(indices))
    return result


def sentences_behind(
    passages: Sequence[SpeechPassage], probabilities: np.ndarray, position: Position
) -> tuple[str, list[tuple[SpeechPassage, Span]]]:
    """The stance that a score leans to, and the sentences of the passages that carry it.

    Args:
        passages: Of one government, at least one.
        probabilities: (n_passages, n_stances), of one target.
        position: What was pooled from them.

    Returns:
        The stance (`none` never), and each sentence once, with a passage that holds it.
    """
    stance = position.stance
    if stance == "none":
        stance = STANCES[int(np.delete(pool_passages(probabilities), NONE_INDEX).argmax())]
    index = STANCES.index(stance)
    saying_so = [number for number in range(len(passages)) if probabilities[number].argmax() == index]
    chosen = saying_so or [int(probabilities[:, index].argmax())]
    found: Mapping[tuple[str, int], tuple[SpeechPassage, Span]] = {
        (passages[number].speech.file, span.start): (passages[number], span)
        for number in chosen
        for span in passages[number].sentences
    }
    return stance, list(found.values())
