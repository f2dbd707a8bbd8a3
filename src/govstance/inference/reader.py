"""Reads documents: sentences, passages, the governments named in each, the model on each pair, one answer.

The model sees a passage of a few sentences with each government named in it. Once the answer of a
government and target is known, the sentences that bear on it, in the passages that state a position, are read
alone: those that say the same are its evidence, those that say the opposite its counter-evidence. The answer of an
article is weighed with them.
"""

import bisect
import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from govstance.actors.finder import MentionFinder
from govstance.actors.matcher import Mention
from govstance.inference.aggregate import (
    OPPOSITE,
    Evidence,
    StanceAnswer,
    pool_passages,
    strongest,
    weighed_with_sentences,
)
from govstance.inference.bearing import governments_by_sentence
from govstance.inference.documents import Document
from govstance.models.baselines import StancePredictor
from govstance.schema import STANCES, Row
from govstance.targets import Target
from govstance.text.sentences import Passage, Span, split_passages, split_sentences

# A sentence that alone gives the stance less than this is no evidence, unless it is the best there is ...
EVIDENCE_THRESHOLD = 0.5
# ... and gives it at least this much, and more than the opposite.
LEAST_SUPPORT = 0.2
DOCUMENTS_AT_ONCE = 32

# (index of a passage or sentence, government)
Pair = tuple[int, str]


@dataclass(frozen=True)
class _Cut:
    """A document cut up, with the governments to ask about in each passage."""

    document: Document
    sentences: list[Span]
    passages: list[Passage]
    governments: list[dict[str, str]]  # per passage: government -> role
    bearing: list[frozenset[str]]  # per sentence: the governments it bears on

    def text_of(self, sentence: int) -> str:
        """The words of a sentence."""
        span = self.sentences[sentence]
        return self.document.text[span.start : span.end]

    def role(self, government: str) -> str:
        """The role of a government in any passage; it is the same in all."""
        return next(roles[government] for roles in self.governments if government in roles)


@dataclass(frozen=True)
class _Draft:
    """An answer before its evidence is known, and the passages that state a position."""

    answer: StanceAnswer
    passages: list[int]

    def sentences(self, cut: _Cut) -> list[int]:
        """The sentences that may be evidence; none for the answer `none`."""
        if self.answer.stance == "none":
            return []
        near = {sentence for number in self.passages for sentence in cut.passages[number].sentences}
        return sorted(sentence for sentence in near if self.answer.government in cut.bearing[sentence])


@dataclass
class ArticleReader:
    """Answers documents with a trained model.

    Attributes:
        predictor: The model.
        targets: What it answers, in the order of its probabilities.
        finder: Of mentions of governments.
        sentences_per_passage, stride, max_characters: See `split_passages`.
        max_evidence: Sentences per government and target.
    """

    predictor: StancePredictor
    targets: Sequence[Target]
    finder: MentionFinder
    sentences_per_passage: int = 4
    stride: int = 3
    max_characters: int = 900
    max_evidence: int = 3

    def read(self, documents: Iterable[Document]) -> Iterator[tuple[Document, list[StanceAnswer]]]:
        """Answers in the order of the documents; within one, by government and target.

        Documents are read some dozens at a time, so that the model's batches are full whether they are
        books or single pairs, and memory does not grow with their number.
        """
        remaining = iter(documents)
        while chunk := list(itertools.islice(remaining, DOCUMENTS_AT_ONCE)):
            yield from zip(chunk, self.read_together(chunk), strict=True)

    def read_together(self, documents: Sequence[Document]) -> list[list[StanceAnswer]]:
        """Answers of each of some documents, whose passages share the model's batches; all are held in memory."""
        cuts = [self._cut(document) for document in documents]
        passages = self._predict([_passage_rows(cut) for cut in cuts])
        drafts = [self._draft(values) for values in passages]
        known = [_sentences_read(cut, values) for cut, values in zip(cuts, passages, strict=True)]
        unread = [
            {pair: row for pair, row in _sentence_rows(cut, draft).items() if pair not in already}
            for cut, draft, already in zip(cuts, drafts, known, strict=True)
        ]
        read = self._predict(unread)
        drafts = [self._weighed(cut, draft, values) for cut, draft, values in zip(cuts, drafts, read, strict=True)]
        sentences = [already | values for already, values in zip(known, read, strict=True)]
        return [
            self._with_evidence(cut, draft, values) for cut, draft, values in zip(cuts, drafts, sentences, strict=True)
        ]

    def _predict(self, rows: Sequence[Mapping[Pair, Row]]) -> list[dict[Pair, np.ndarray]]:
        """Predicts the rows of several documents in one go.

        Returns:
            Per document: pair -> (n_targets, n_stances).
        """
        flat = [row for of_document in rows for row in of_document.values()]
        probabilities = iter(self.predictor.predict_probabilities(flat) if flat else ())
        return [{pair: next(probabilities) for pair in of_document} for of_document in rows]

    def _draft(self, probabilities: Mapping[Pair, np.ndarray]) -> list[_Draft]:
        """Answers without evidence, and the passages they come from."""
        of_government: dict[str, list[int]] = {}
        for number, government in probabilities:
            of_government.setdefault(government, []).append(number)
        drafts = []
        for government, numbers in sorted(of_government.items()):
            for index, target in enumerate(self.targets):
                if government in target.not_asked_of:
                    continue
                values = np.array([probabilities[number, government][index] for number in numbers])
                answer = _answer(government, target.id, pool_passages(values), n_passages=len(numbers))
                stance = STANCES.index(answer.stance)
                stating = [
                    number
                    for number, value in zip(numbers, values, strict=True)
                    if STANCES[int(value.argmax())] in (answer.stance, OPPOSITE.get(answer.stance))
                ]
                drafts.append(_Draft(answer, stating or [numbers[int(values[:, stance].argmax())]]))
        return drafts

    def _weighed(self, cut: _Cut, drafts: Sequence[_Draft], probabilities: Mapping[Pair, np.ndarray]) -> list[_Draft]:
        """Drafts of an article, weighed with its sentences; a pair is taken as it is."""
        if cut.document.government is not None:
            return list(drafts)
        target_index = {target.id: index for index, target in enumerate(self.targets)}
        weighed = []
        for draft in drafts:
            answer, index = draft.answer, target_index[draft.answer.target]
            read = [(sentence, answer.government) for sentence in draft.sentences(cut)]
            alone = np.array([probabilities[pair][index] for pair in read if pair in probabilities])
            values = weighed_with_sentences(np.array(answer.probabilities), alone)
            answer = _answer(answer.government, answer.target, values, n_passages=answer.n_passages)
            weighed.append(dataclasses.replace(draft, answer=answer))
        return weighed

    def _with_evidence(
        self, cut: _Cut, drafts: Sequence[_Draft], probabilities: Mapping[Pair, np.ndarray]
    ) -> list[StanceAnswer]:
        """Keeps, of the sentences behind each answer, those that say the same, or the opposite, when read alone."""
        target_index = {target.id: index for index, target in enumerate(self.targets)}
        answers = []
        for draft in drafts:
            answer, index = draft.answer, target_index[draft.answer.target]
            scores = {sentence: probabilities[sentence, answer.government][index] for sentence in draft.sentences(cut)}
            opposite = OPPOSITE.get(answer.stance)
            # A sentence says the opposite if that is the likeliest reading of it.
            contrary = {
                sentence: values for sentence, values in scores.items() if STANCES[int(values.argmax())] == opposite
            }
            answers.append(
                dataclasses.replace(
                    answer,
                    evidence=self._evidence(cut, scores, answer.stance),
                    counter_evidence=self._evidence(cut, contrary, opposite) if opposite else (),
                )
            )
        return answers

    def _evidence(self, cut: _Cut, scores: Mapping[int, np.ndarray], stance: str) -> tuple[Evidence, ...]:
        """The strongest sentences for a stance; where none is strong, the best one."""
        index = STANCES.index(stance)
        opposite = STANCES.index(OPPOSITE.get(stance, stance))
        # A sentence that says the opposite rather is no evidence, however much it gives the stance.
        supporting = [sentence for sentence, values in scores.items() if values[index] >= values[opposite]]
        # A book says some things word for word again; once is enough.
        once = {cut.text_of(sentence): sentence for sentence in reversed(supporting)}
        supporting = [sentence for sentence in supporting if once[cut.text_of(sentence)] == sentence]
        values = [float(scores[sentence][index]) for sentence in supporting]
        chosen = [position for position in strongest(values, self.max_evidence) if values[position] >= LEAST_SUPPORT]
        kept = [position for position in chosen if values[position] >= EVIDENCE_THRESHOLD] or chosen[:1]
        return tuple(_evidence(cut, supporting[position], stance, values[position]) for position in kept)

    def _cut(self, document: Document) -> _Cut:
        if document.government is not None:
            return self._cut_of_pair(document, document.government)
        body = document.text[document.body_start :]
        offset = document.body_start
        sentences = [Span(span.start + offset, span.end + offset) for span in split_sentences(body, document.lang)]
        passages = split_passages(
            sentences,
            sentences_per_passage=self.sentences_per_passage,
            stride=self.stride,
            max_characters=self.max_characters,
        )
        mentions = [
            dataclasses.replace(mention, start=mention.start + offset, end=mention.end + offset)
            for mention in self.finder.find(body, document.lang, document.date)
        ]
        starts = [mention.start for mention in mentions]
        governments = []
        for passage in passages:
            first, last = (bisect.bisect_left(starts, place) for place in (passage.span.start, passage.span.end))
            roles = {mention.government: "mentioned" for mention in mentions[first:last]}
            if document.speaker is not None:
                roles[document.speaker] = "speaker"
            governments.append(roles)
        bearing = self._bearing(document.text, sentences, mentions)
        if document.speaker is not None:
            bearing = [named | {document.speaker} for named in bearing]
        return _Cut(document, sentences, passages, governments, bearing)

    def _cut_of_pair(self, document: Document, government: str) -> _Cut:
        """The whole text is one passage; where no sentence bears on the government, or it speaks, each may."""
        whole = Span(0, len(document.text))
        sentences = split_sentences(document.text, document.lang) or [whole]
        passage = Passage(whole, range(len(sentences)))
        mentions = self.finder.find(document.text, document.lang, document.date)
        bearing = self._bearing(document.text, sentences, mentions)
        if document.role == "speaker" or not any(government in named for named in bearing):
            bearing = [named | {government} for named in bearing]
        return _Cut(document, sentences, [passage], [{government: document.role}], bearing)

    def _bearing(self, text: str, sentences: Sequence[Span], mentions: Sequence[Mention]) -> list[frozenset[str]]:
        talked_about = {government for target in self.targets for government in target.not_asked_of}
        return governments_by_sentence(text, sentences, mentions, talked_about=talked_about)


def _passage_rows(cut: _Cut) -> dict[Pair, Row]:
    """(passage, government) -> the row to predict."""
    return {
        (number, government): _row(cut.document, passage.span, government, role)
        for number, passage in enumerate(cut.passages)
        for government, role in cut.governments[number].items()
    }


def _sentences_read(cut: _Cut, probabilities: Mapping[Pair, np.ndarray]) -> dict[Pair, np.ndarray]:
    """(sentence, government) -> (n_targets, n_stances) where a passage was that sentence and nothing else."""
    passages = cut.passages
    return {
        (passages[number].sentences.start, government): values
        for (number, government), values in probabilities.items()
        if len(passages[number].sentences) == 1
        and passages[number].span == cut.sentences[passages[number].sentences.start]
    }


def _sentence_rows(cut: _Cut, drafts: Sequence[_Draft]) -> dict[Pair, Row]:
    """(sentence, government) -> the row to predict, for all answers that state a position."""
    return {
        (sentence, draft.answer.government): _row(
            cut.document, cut.sentences[sentence], draft.answer.government, cut.role(draft.answer.government)
        )
        for draft in drafts
        for sentence in draft.sentences(cut)
    }


def _row(document: Document, span: Span, government: str, role: str) -> Row:
    """A pair as the model wants it: an unlabelled row."""
    return Row(
        id=f"{document.id}:{span.start}:{government}",
        text=document.text[span.start : span.end],
        lang=document.lang,
        date=document.date,
        source="input",
        group=document.id,
        government=government,
        role=role,
        labels={},
    )


def _answer(government: str, target: str, probabilities: np.ndarray, *, n_passages: int) -> StanceAnswer:
    best = int(probabilities.argmax())
    return StanceAnswer(
        government=government,
        target=target,
        stance=STANCES[best],
        probability=float(probabilities[best]),
        probabilities=tuple(float(value) for value in probabilities),
        n_passages=n_passages,
    )


def _evidence(cut: _Cut, sentence: int, stance: str, probability: float) -> Evidence:
    span = cut.sentences[sentence]
    return Evidence(span.start, span.end, cut.text_of(sentence), stance, probability)
