"""The limits in force: how much a request may ask, how long it may wait, how many documents are read in one go.

They are a group of settings of scripts/serve.py, `limits.<name>`; not frozen, since settings are written over.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Limits:
    """What the server takes on.

    Attributes:
        body_bytes: Of a request.
        documents_per_request: At most.
        characters_per_document: At most; 50,000 are about 8,000 words.
        queued_documents: Waiting to be read, of all requests; more are refused (429).
        seconds_per_request: From its first byte to its answer.
        documents_per_batch: Read in one call of the model.
        batch_wait_ms: How long a document waits for others to be read with, when nothing else is read.
    """

    body_bytes: int = 4 * 2**20
    documents_per_request: int = 32
    characters_per_document: int = 50_000
    queued_documents: int = 64
    seconds_per_request: float = 120.0
    documents_per_batch: int = 8
    batch_wait_ms: float = 10.0
