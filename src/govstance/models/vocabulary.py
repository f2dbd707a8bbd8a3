"""A tokenizer reduced to the pieces that some texts need, so that a model is small enough to pass on.

Of a vocabulary for a hundred languages most pieces never occur in the texts of thirty. A text whose pieces are all kept
is cut as before; elsewhere a word falls apart into smaller pieces, down to single characters.
"""

import json
from collections.abc import Iterable

import numpy as np
from tokenizers import Tokenizer

from govstance.errors import GovstanceError

WORD_START = "▁"


def trimmed_vocabulary(tokenizer: Tokenizer, texts: Iterable[str]) -> tuple[Tokenizer, np.ndarray]:
    """A tokenizer with the pieces that occur in texts, all single characters, and the special tokens.

    Scores stay, and the best way to cut a text is still there and still the best, so these texts are cut as before.

    Args:
        tokenizer: A Unigram tokenizer, as XLM-R's is.
        texts: What it must cut as before.

    Returns:
        The smaller tokenizer, and for each of its ids the id that the piece had, (n_kept,), rising.

    Raises:
        GovstanceError: It is not a Unigram tokenizer.
    """
    value = json.loads(tokenizer.to_str())
    model = value["model"]
    if model.get("type") != "Unigram":
        raise GovstanceError(
            f"trim_vocabulary: expected a Unigram tokenizer, found {model.get('type')}; leave out trim_vocabulary=true."
        )
    kept = {token["id"] for token in value["added_tokens"]} | {model["unk_id"]}
    kept |= {number for number, (piece, _) in enumerate(model["vocab"]) if len(piece.removeprefix(WORD_START)) <= 1}
    # The lowest score sets what an unknown character costs.
    kept.add(min(range(len(model["vocab"])), key=lambda number: model["vocab"][number][1]))
    for encoding in tokenizer.encode_batch(list(texts)):
        kept.update(encoding.ids)
    ordered = sorted(kept)
    new_id = {old: new for new, old in enumerate(ordered)}
    model["vocab"] = [model["vocab"][old] for old in ordered]
    model["unk_id"] = new_id[model["unk_id"]]
    for token in value["added_tokens"]:
        token["id"] = new_id[token["id"]]
    for special in (value["post_processor"] or {}).get("special_tokens", {}).values():
        special["ids"] = [new_id[old] for old in special["ids"]]
    return Tokenizer.from_str(json.dumps(value, ensure_ascii=False)), np.array(ordered)
