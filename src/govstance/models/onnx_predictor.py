"""The exported stance model run by ONNX Runtime: the interface of `TransformerPredictor`, without torch.

Owns what such a folder holds (model.int8.onnx, config.json, the tokenizer, sometimes model.onnx) and how it is read and
run. How the files are made is `onnx_export`'s business.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from govstance.actors.finder import MentionFinder
from govstance.errors import GovstanceError, ModelFolderError
from govstance.files import read_json
from govstance.models.calibration import Calibration
from govstance.models.encoding import Encoder, Progress, logits_in_batches
from govstance.schema import Row
from govstance.threads import engine_threads

INT8_FILE, FP32_FILE = "model.int8.onnx", "model.onnx"
CONFIG_FILE, TOKENIZER_FILE, PARITY_FILE = "config.json", "tokenizer.json", "parity.json"
# Small batches hold less padding, which counts where texts are few, as in an article, and stay in the cache.
# Processor time of 9 to 12 texts, with other work on the machine: at 256, 512 and 1024 with one thread 0.47, 0.49 and
# 0.59 s, with two 0.39, 0.45 and 0.56 s. On 100 rows at 512, 1024 and 4096: 3.2, 3.3 and 4.3 s and 95 MB more.
TOKENS_PER_BATCH = 256


@dataclass(frozen=True)
class FileTokenizer:
    """A tokenizer.json, called as `Encoder` calls a `transformers` tokenizer (which would import torch).

    Attributes:
        tokenizer: Without padding or truncation.
        pad_token_id, sep_token_id: Ids of two special tokens.
    """

    tokenizer: Tokenizer
    pad_token_id: int
    sep_token_id: int

    def __call__(self, texts: Sequence[str], return_offsets_mapping: bool = False) -> dict[str, list[Any]]:
        """Token ids and, for each, the characters it covers; special tokens at both ends."""
        encoded = self.tokenizer.encode_batch(list(texts))
        return {
            "input_ids": [encoding.ids for encoding in encoded],
            "offset_mapping": [encoding.offsets for encoding in encoded],
        }


class OnnxPredictor:
    """A stance model in ONNX Runtime with its tokenizer and calibration.

    Args:
        folder: Where its files lie; `save` copies them.
        session: `onnxruntime.InferenceSession` of one of its graphs.
        encoder: Turns rows into its arrays.
        calibration: Turns its logits into probabilities.
    """

    def __init__(self, folder: Path, session: Any, encoder: Encoder, calibration: Calibration):
        self.folder = folder
        self.encoder = encoder
        self.calibration = calibration
        self.target_ids = tuple(encoder.target_ids)
        self._session = session
        self._inputs = [node.name for node in session.get_inputs()]

    def predict_logits(self, rows: Sequence[Row], progress: Progress | None = None) -> np.ndarray:
        """Raw scores, as `TransformerPredictor.predict_logits`: float32, (n_rows, n_targets, n_stances)."""
        return logits_in_batches(self.encoder, rows, TOKENS_PER_BATCH, self._run, progress)

    def _run(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        (logits,) = self._session.run(None, {name: batch[name] for name in self._inputs})
        return np.asarray(logits)

    def predict_probabilities(self, rows: Sequence[Row], progress: Progress | None = None) -> np.ndarray:
        """Calibrated probabilities, (n_rows, n_targets, n_stances)."""
        return self.calibration.probabilities(self.predict_logits(rows, progress), self.target_ids)

    def save(self, folder: Path) -> None:
        """Copies the files of the model to another folder."""
        for name in (CONFIG_FILE, TOKENIZER_FILE, PARITY_FILE, INT8_FILE, FP32_FILE):
            if (self.folder / name).is_file():
                shutil.copyfile(self.folder / name, folder / name)

    @classmethod
    def load(
        cls, folder: Path, calibration: Calibration, finder: MentionFinder, *, file_name: str = INT8_FILE
    ) -> "OnnxPredictor":
        """Reads an exported model.

        Args:
            folder: The model folder.
            calibration: Of the same model.
            finder: Of mentions, for a model that pools them.
            file_name: Which of its graphs.

        Raises:
            ModelFolderError: The graph is not there, or ONNX Runtime can't read it.
            GovstanceError: ONNX Runtime is not installed.
        """
        config = read_json(folder / CONFIG_FILE)
        session = load_session(folder / file_name)
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        encoder = Encoder(
            tokenizer=FileTokenizer(tokenizer, config["pad_token_id"], config["sep_token_id"]),
            target_ids=tuple(config["target_ids"]),
            layout=config["layout"],
            passage_prefix=config["passage_prefix"],
            max_length_tokens=config["max_length_tokens"],
            finder=finder if config["pool_mentions"] else None,
            position_offset=config["position_offset"],
        )
        return cls(folder, session, encoder, calibration)


def load_session(path: Path) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU.

    Raises:
        ModelFolderError: There is no such file, or ONNX Runtime can't read it.
        GovstanceError: ONNX Runtime is not installed.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise GovstanceError(
            f"{path}: the engine onnx needs the package onnxruntime, which is not installed. "
            "Mend it with: pip install --constraint constraints.txt --editable '.[onnx]'"
        ) from None
    if not path.is_file():
        raise ModelFolderError(f"{path}: no such file; export the model again with engine=onnx.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = engine_threads()
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common class of their own
        raise ModelFolderError(f"{path}: ONNX Runtime {onnxruntime.__version__} can't read it: {error}") from error
