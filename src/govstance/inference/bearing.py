"""Which sentences of a document bear on which government: those that name it, and those that go on from one that does.

Only a rule of thumb: no parser reads all languages. A sentence goes on with the subject of the one before it unless it
names or opens with another government; a new paragraph starts afresh.
"""

import re
from collections.abc import Collection, Sequence

from govstance.actors.matcher import Mention
from govstance.text.sentences import Span

# "It has not recognised ..." follows "... he answered that Kazakhstan ...", and one more sentence may follow that.
SENTENCES_CARRIED = 2
# A name so near to the start of a sentence is its subject: at most an article stands before it.
OPENING_CHARACTERS = 4
PARAGRAPH_BREAK = re.compile(r"\n\s*\n")


def governments_by_sentence(
    text: str, sentences: Sequence[Span], mentions: Sequence[Mention], *, talked_about: Collection[str]
) -> list[frozenset[str]]:
    """The governments that each sentence bears on.

    Args:
        text: The document.
        sentences: Its sentences in order.
        mentions: Of governments, in order, with offsets into `text`.
        talked_about: Governments that the targets are about (Russia, Ukraine): any government's sentences name them, so
            their name does not end what is said of another.

    Returns:
        One set a sentence, ISO 3166-1 alpha-3.
    """
    result = []
    subject: str | None = None
    since_named = 0
    position = 0
    previous_end = 0
    for sentence in sentences:
        if PARAGRAPH_BREAK.search(text, previous_end, sentence.start):
            subject = None
        named: list[Mention] = []
        while position < len(mentions) and mentions[position].start < sentence.end:
            named.append(mentions[position])
            position += 1
        new_subject = _subject(named, sentence, talked_about, has_subject=subject is not None)
        since_named = 0 if new_subject or subject in {mention.government for mention in named} else since_named + 1
        subject = new_subject or (subject if since_named <= SENTENCES_CARRIED else None)
        result.append(frozenset({mention.government for mention in named} | ({subject} if subject else set())))
        previous_end = sentence.end
    return result


def _subject(
    named: Sequence[Mention], sentence: Span, talked_about: Collection[str], *, has_subject: bool
) -> str | None:
    """The government that a sentence starts to speak of; None where it goes on with the subject before it."""
    if not named:
        return None
    opens_with_it = named[0].start - sentence.start <= OPENING_CHARACTERS
    others = [mention.government for mention in named if mention.government not in talked_about]
    if opens_with_it:
        return named[0].government if named[0].government not in talked_about or not others else others[0]
    if others:
        return others[0]
    return None if has_subject else named[0].government
