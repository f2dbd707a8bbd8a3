"""How (text, government) pairs become arrays.

Three layouts with the same result, one pooled state a pair:

- `packed`: one encoder pass a text. The passage is encoded once; after it stand the governments asked
  about, each in a segment of its own. A segment sees the passage and itself, the passage sees only itself,
  and every segment starts at the same position, so the answer for one government does not depend on which
  others are asked along with it. Needs an encoder with absolute positions and free attention masks
  (BERT, XLM-R). A text with k governments costs one pass instead of k.
- `branched`: `packed` up to a middle layer; from there each pair goes on alone with its own copy of the passage, in
  which the words that name the government are marked and which sees the government too. Costs more than `packed` by the
  governments a text names, in the upper layers only.
- `pair`: one encoder pass a pair, `government </s></s> passage`; works with every encoder.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from govstance.actors.finder import MentionFinder
from govstance.actors.names import government_name
from govstance.schema import STANCES, Row

logger = logging.getLogger(__name__)

LAYOUTS = ("packed", "branched", "pair")
ONE_PASS_LAYOUTS = ("packed", "branched")
Progress = Callable[[int], object]
IGNORED_LABEL = -100  # what torch's cross-entropy leaves out: a target that nobody annotated


@dataclass(frozen=True)
class EncodedText:
    """One text with the governments asked about, as token ids.

    Attributes:
        passage: Token ids with the special tokens at both ends.
        queries: Token ids of each government, with special tokens.
        mentions: Per government, the tokens of the passage that name it; empty where none does.
        labels: Stance index per government and target, IGNORED_LABEL where not annotated.
        rows: Position of each government's row in the rows that were encoded.
        truncated: Whether the passage was cut to the length limit.
    """

    passage: list[int]
    queries: list[list[int]]
    mentions: list[list[int]]
    labels: list[list[int]]
    rows: list[int]
    truncated: bool

    @property
    def length(self) -> int:
        """Tokens in all."""
        return len(self.passage) + sum(map(len, self.queries))


@dataclass(frozen=True)
class Encoder:
    """Turns rows into encoded texts and encoded texts into batches.

    Attributes:
        tokenizer: A `transformers` tokenizer, or what looks like one: `onnx_predictor.FileTokenizer`.
        target_ids: Targets in the order of the heads.
        layout: "packed" or "pair".
        passage_prefix: What the backbone expects before a passage ("passage: " for e5).
        max_length_tokens: Passages are cut to this many tokens.
        finder: Where the governments are named in a passage; None: `mention_mask` falls back to the
            government's own tokens everywhere.
        position_offset: Position id of a first token (XLM-R counts from 2, BERT from 0).
    """

    tokenizer: Any
    target_ids: Sequence[str]
    layout: str
    passage_prefix: str
    max_length_tokens: int
    finder: MentionFinder | None = None
    position_offset: int = 0

    def encode(self, rows: Sequence[Row]) -> list[EncodedText]:
        """Encodes rows; rows with the same text, language and date share one item, except in the pair layout.

        Args:
            rows: Any number of rows.

        Returns:
            Items whose `rows` together hold every position of `rows` exactly once.
        """
        grouped: dict[Any, list[int]] = {}
        for position, row in enumerate(rows):
            # The date decides who of a text's names is in office, and so which of them are mentions.
            key = (row.text, row.lang, row.date) if self.layout in ONE_PASS_LAYOUTS else position
            grouped.setdefault(key, []).append(position)
        texts = [self.passage_prefix + rows[positions[0]].text for positions in grouped.values()]
        if not texts:
            return []
        encoded = self.tokenizer(texts, return_offsets_mapping=True)
        # Few governments are asked about in very many texts: each name is cut up once.
        names = list(dict.fromkeys(map(government_query, rows)))
        queries = dict(zip(names, self.tokenizer(names)["input_ids"], strict=True))
        return [
            self._encoded_text(passage, offsets, positions, rows, queries)
            for passage, offsets, positions in zip(
                encoded["input_ids"], encoded["offset_mapping"], grouped.values(), strict=True
            )
        ]

    def _encoded_text(
        self,
        passage: list[int],
        offsets: list[tuple[int, int]],
        positions: list[int],
        rows: Sequence[Row],
        queries: Mapping[str, list[int]],
    ) -> EncodedText:
        truncated = len(passage) > self.max_length_tokens
        if truncated:
            passage = [*passage[: self.max_length_tokens - 1], passage[-1]]
            offsets = offsets[: self.max_length_tokens - 1]
        return EncodedText(
            passage=passage,
            queries=[queries[government_query(rows[position])] for position in positions],
            mentions=self._mentions(rows[positions[0]], [rows[position].government for position in positions], offsets),
            labels=[self._labels(rows[position]) for position in positions],
            rows=positions,
            truncated=truncated,
        )

    def _mentions(self, row: Row, governments: Sequence[str], offsets: Sequence[tuple[int, int]]) -> list[list[int]]:
        """Tokens that overlap a mention, per government."""
        tokens: dict[str, list[int]] = {government: [] for government in governments}
        if self.finder is not None:
            shift = len(self.passage_prefix)
            for mention in self.finder.find(row.text, row.lang, row.date):
                if mention.government in tokens:
                    start, end = mention.start + shift, mention.end + shift
                    tokens[mention.government] += [
                        index for index, (first, last) in enumerate(offsets) if first < end and start < last
                    ]
        return [tokens[government] for government in governments]

    def _labels(self, row: Row) -> list[int]:
        stances = [row.labels.get(target) for target in self.target_ids]
        return [IGNORED_LABEL if stance is None else STANCES.index(stance) for stance in stances]

    def collate(self, items: Sequence[EncodedText], multiple_of: int = 1) -> dict[str, np.ndarray]:
        """Pads items to a batch.

        Args:
            items, multiple_of: Of this encoder; the length becomes a multiple of so many tokens.

        Returns:
            input_ids, position_ids: (n_items, length), int64 as all that is not bool.
            attention_mask: (n_items, length) in the pair layout, else (n_items, 1, length, length) bool.
            pair_item: (n_pairs,), the item of each pair.
            pair_first: (n_pairs,), the token whose state stands for the pair.
            pair_mask: (n_pairs, length), the tokens whose mean state stands for the pair.
            mention_mask: (n_pairs, length), the tokens of the passage that name the government; where none
                does, as `pair_mask`.
            labels: (n_pairs, n_targets), stance index or IGNORED_LABEL.
            branch_tokens, branch_mask: In the branched layout only, (n_pairs, branch_length): which tokens of its item
                a pair goes on with, and which of these are no padding. What is said above of a pair's tokens is then
                said of these.
        """
        sequences = [self._sequence(item) for item in items]
        length = -(-max(len(sequence.tokens) for sequence in sequences) // multiple_of) * multiple_of
        pad = self.tokenizer.pad_token_id

        def padded(values: list[list[int]], filler: int) -> np.ndarray:
            return np.array([value + [filler] * (length - len(value)) for value in values])

        segments = padded([sequence.segments for sequence in sequences], -1)
        pair_item = [number for number, item in enumerate(items) for _ in item.queries]
        pair_segment = np.array([segment for sequence in sequences for segment in sequence.pair_segments])
        own_segments = segments[pair_item]
        pair_mask = own_segments >= 0 if self.layout == "pair" else own_segments == pair_segment[:, None]
        batch = {
            "input_ids": padded([sequence.tokens for sequence in sequences], pad),
            "position_ids": padded([sequence.positions for sequence in sequences], 0) + self.position_offset,
            "attention_mask": self._attention_mask(segments),
            "pair_item": np.array(pair_item),
            "pair_first": pair_mask.argmax(axis=1),
            "pair_mask": pair_mask,
            "mention_mask": self._mention_mask(items, pair_mask),
            "labels": np.array([labels for item in items for labels in item.labels]),
        }
        if self.layout == "branched":
            batch |= _branches(segments[pair_item], pair_segment, batch)
        return batch

    def _mention_mask(self, items: Sequence[EncodedText], pair_mask: np.ndarray) -> np.ndarray:
        mask = np.zeros_like(pair_mask)
        pair = 0
        for item in items:
            # In the pair layout the government stands before the passage.
            shift = len(item.queries[0]) if self.layout == "pair" else 0
            for mentions in item.mentions:
                mask[pair, [index + shift for index in mentions]] = True
                if not mentions:
                    mask[pair] = pair_mask[pair]
                pair += 1
        return mask

    def _attention_mask(self, segments: np.ndarray) -> np.ndarray:
        if self.layout == "pair":
            return (segments >= 0).astype(np.int64)
        key, query = segments[:, None, :], segments[:, :, None]
        visible = (key == 0) | (key == query)
        visible &= key >= 0
        # A padding query sees the passage: its state is never read, and a row of nothing would be NaN.
        return visible[:, None]

    def _sequence(self, item: EncodedText) -> "_Sequence":
        """Segment 0 is the passage, segment k the k-th government of the item."""
        if self.layout == "pair":
            tokens = item.queries[0] + self._joined(item.passage)
            return _Sequence(tokens, list(range(len(tokens))), [0] * len(tokens), [0])
        tokens, positions, segments = list(item.passage), list(range(len(item.passage))), [0] * len(item.passage)
        for number, query in enumerate(item.queries, start=1):
            tokens += query
            positions += range(len(item.passage), len(item.passage) + len(query))
            segments += [number] * len(query)
        return _Sequence(tokens, positions, segments, list(range(1, len(item.queries) + 1)))

    def _joined(self, passage: list[int]) -> list[int]:
        """The passage as second part of a pair: a separator in place of its first token."""
        return [self.tokenizer.sep_token_id, *passage[1:]]


@dataclass(frozen=True)
class _Sequence:
    tokens: list[int]
    positions: list[int]
    segments: list[int]
    pair_segments: list[int]


def _branches(segments: np.ndarray, pair_segment: np.ndarray, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What of its item each pair goes on with: passage and own segment, and the masks of a packed batch over these."""
    kept = (segments == 0) | (segments == pair_segment[:, None])
    lengths = kept.sum(axis=1)
    mask = np.arange(lengths.max())[None, :] < lengths[:, None]
    tokens = np.zeros(mask.shape, dtype=np.int64)
    tokens[mask] = np.nonzero(kept)[1]
    own, mentions = (np.take_along_axis(batch[name], tokens, axis=1) & mask for name in ("pair_mask", "mention_mask"))
    return {
        "branch_tokens": tokens,
        "branch_mask": mask,
        "pair_first": own.argmax(axis=1),
        "pair_mask": own,
        "mention_mask": mentions,
    }


def government_query(row: Row) -> str:
    """How the government reaches the encoder: its name in the language of the text, and its role."""
    name = government_name(row.government, row.lang)
    return f"speaker: {name}" if row.role == "speaker" else name


def batches_by_length(items: Sequence[EncodedText], tokens_per_batch: int) -> Iterator[list[int]]:
    """Positions of items in batches of similar length, for inference.

    Args:
        items: Encoded texts.
        tokens_per_batch: Padded tokens that a batch may hold; a longer single item is a batch of its own.
    """
    batch: list[int] = []
    for position in sorted(range(len(items)), key=lambda position: items[position].length):
        if batch and items[position].length * (len(batch) + 1) > tokens_per_batch:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def logits_in_batches(
    encoder: Encoder,
    rows: Sequence[Row],
    tokens_per_batch: int,
    run: Callable[[Mapping[str, np.ndarray]], np.ndarray],
    progress: Progress | None,
) -> np.ndarray:
    """Runs an engine over rows, batch by batch.

    Args:
        encoder: Turns rows into batches.
        rows: Any number of rows; their labels are not looked at.
        tokens_per_batch: See `batches_by_length`.
        run: A batch of `Encoder.collate` -> logits, (n_pairs, n_targets, n_stances).
        progress: Called with the number of rows done after each batch.

    Returns:
        float32, (n_rows, n_targets, n_stances).
    """
    items = encoder.encode(rows)
    warn_of_truncation(items, encoder.max_length_tokens)
    logits = np.zeros((len(rows), len(encoder.target_ids), len(STANCES)), dtype=np.float32)
    for batch in batches_by_length(items, tokens_per_batch):
        chosen = [items[position] for position in batch]
        positions = [row for item in chosen for row in item.rows]
        logits[positions] = run(encoder.collate(chosen))
        if progress:
            progress(len(positions))
    return logits


def warn_of_truncation(items: Sequence[EncodedText], limit: int) -> None:
    """Says how many texts were not read to their end."""
    n_truncated = sum(item.truncated for item in items)
    if n_truncated:
        logger.warning(
            "%d of %d texts are longer than %d tokens; the rest of them was not read", n_truncated, len(items), limit
        )


def label_counts(items: Sequence[EncodedText], n_targets: int) -> list[list[int]]:
    """How often each stance is the label of each target, shape (n_targets, n_stances)."""
    counts = [[0] * len(STANCES) for _ in range(n_targets)]
    for item in items:
        for labels in item.labels:
            for target, label in enumerate(labels):
                if label != IGNORED_LABEL:
                    counts[target][label] += 1
    return counts
