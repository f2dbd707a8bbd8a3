"""A trained stance model as ONNX graphs: one in 32-bit floats, one with 8-bit matrices.

The graph takes the arrays of `encoding.Encoder.collate` by name and gives logits, (n_pairs, n_targets, n_stances).
How it is run is `onnx_predictor`'s business.
"""

import copy
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from govstance.errors import GovstanceError
from govstance.files import write_json
from govstance.models.onnx_predictor import CONFIG_FILE, FP32_FILE, INT8_FILE, TOKENIZER_FILE
from govstance.models.predictor import TransformerPredictor
from govstance.models.stance_model import StanceModel
from govstance.models.vocabulary import trimmed_vocabulary

INPUTS = (
    "input_ids",
    "position_ids",
    "attention_mask",
    "pair_item",
    "pair_first",
    "pair_mask",
    "mention_mask",
)
BRANCH_INPUTS = ("branch_tokens", "branch_mask")  # in the branched layout also these
# The first in which attention and GELU are one node each.
OPSET = 23
# Inputs in 8 bits, weights in 7: AVX2 adds two products in 16 bits, and 2 * 255 * 63 still fits where 2 * 255 * 127
# would be cut off. So a processor without VNNI gives the same answers as one with it.
INPUT_STEPS, WEIGHT_STEPS, EMBEDDING_STEPS = 127, 63, 127
INPUT_ZERO = 128
BLOCK = 32  # weights of the embedded backbone that share a scale
HALF_ROUNDING, SMALLEST_HALF = 2.0**-10, 2.0**-24  # what a 16-bit float rounds away: relative, and near 0
TINY = np.float32(1e-20)  # a row of zeros has no scale


def write_onnx(folder: Path, predictor: TransformerPredictor, *, vocabulary_texts: Sequence[str] | None = None) -> int:
    """Writes both graphs, the tokenizer and config.json.

    Args:
        folder: Exists.
        predictor: The trained model.
        vocabulary_texts: Keep only the pieces that occur in these texts (`trimmed_vocabulary`); None: keep all.

    Returns:
        The number of pieces kept.

    Raises:
        GovstanceError: onnx or onnxscript is not installed, or the tokenizer can't be trimmed.
    """
    onnx = _onnx()
    tokenizer = predictor.encoder.tokenizer
    model = copy.deepcopy(predictor.model).eval()
    fast: Tokenizer = tokenizer.backend_tokenizer
    kept = np.arange(fast.get_vocab_size())
    if vocabulary_texts is not None:
        fast, kept = trimmed_vocabulary(fast, vocabulary_texts)
    embedding = model.encoder.get_input_embeddings()
    weight = embedding.weight.detach()[torch.from_numpy(kept)].clone()
    model.encoder.set_input_embeddings(torch.nn.Embedding.from_pretrained(weight))
    fast.save(str(folder / TOKENIZER_FILE), pretty=False)
    config = predictor.model.config
    names = ("target_ids", "layout", "passage_prefix", "max_length_tokens", "position_offset", "pool_mentions")
    write_json(
        folder / CONFIG_FILE,
        {name: getattr(config, name) for name in names}
        | {
            "pad_token_id": fast.token_to_id(tokenizer.pad_token),
            "sep_token_id": fast.token_to_id(tokenizer.sep_token),
        },
    )
    export_graph(model, folder / FP32_FILE)
    graph = onnx.load(folder / FP32_FILE)
    quantise_graph(graph)
    onnx.save(graph, folder / INT8_FILE)
    return len(kept)


class _Graph(torch.nn.Module):
    """The model with its inputs in order and the logits alone as output."""

    def __init__(self, model: StanceModel, names: Sequence[str]):
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.model(**dict(zip(self.names, inputs, strict=True))).logits


def export_graph(model: StanceModel, path: Path) -> None:
    """Writes the graph in 32-bit floats; texts, their length and pairs may be of any number.

    Args:
        model: In evaluation mode.
        path: The .onnx file.
    """
    # Sizes that differ from each other and from 1, else the exporter takes two of them for one, or for constant.
    n_items, length, n_pairs, branch_length = 2, 7, 3, 5
    layout = model.config.layout
    names = (*INPUTS, *BRANCH_INPUTS) if layout == "branched" else INPUTS
    mask_shape = (n_items, length) if layout == "pair" else (n_items, 1, length, length)
    pair_shape = (n_pairs, branch_length if layout == "branched" else length)
    example = {
        "input_ids": torch.zeros(n_items, length, dtype=torch.long),
        "position_ids": torch.arange(length).repeat(n_items, 1),
        "attention_mask": torch.ones(mask_shape, dtype=torch.long if layout == "pair" else torch.bool),
        "pair_item": torch.tensor([0, 0, 1]),
        "pair_first": torch.tensor([1, 2, 3]),
        "pair_mask": torch.ones(pair_shape, dtype=torch.bool),
        "mention_mask": torch.ones(pair_shape, dtype=torch.bool),
        "branch_tokens": torch.arange(branch_length).repeat(n_pairs, 1),
        "branch_mask": torch.ones(pair_shape, dtype=torch.bool),
    }
    free = torch.export.Dim.AUTO
    shapes = tuple({axis: free for axis, size in enumerate(example[name].shape) if size > 1} for name in names)
    for name in ("onnxscript", "onnx_ir"):  # a line for every constant they merge
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision, which nothing here uses
    program = torch.onnx.export(
        _Graph(model, names).eval(),
        tuple(example[name] for name in names),
        dynamo=True,
        opset_version=OPSET,
        input_names=list(names),
        output_names=["logits"],
        dynamic_shapes=(shapes,),
        verbose=False,
    )
    assert program is not None  # with dynamo=True there always is one
    program.save(str(path), external_data=False)


def quantise_graph(graph: Any) -> None:
    """Turns the matrices of a graph into 8-bit integers, in place.

    Each row of a matrix product's input gets a scale of its own while it runs. The quantisation that ONNX Runtime
    offers has one scale for the whole batch: a few large values of the encoder spoil it for all other tokens, and an
    answer depends on what else is in the batch. A column of a weight matrix has a scale, and so has a row of the word
    embeddings, unless these came in 4 bits, as in the embedded backbone: then they stay so, and nothing is lost.

    Args:
        graph: An `onnx.ModelProto` from `export_graph`.
    """
    from onnx import numpy_helper

    arrays = {item.name: item for item in graph.graph.initializer}
    editor = _Editor()
    for node in graph.graph.node:
        if node.op_type == "MatMul" and node.input[1] in arrays and len(arrays[node.input[1]].dims) == 2:
            editor.matrix_product(node, numpy_helper.to_array(arrays[node.input[1]]))
        elif node.op_type == "Gather" and "word_embeddings" in node.input[0] and node.input[0] in arrays:
            editor.embedding(node, numpy_helper.to_array(arrays[node.input[0]]))
        else:
            editor.nodes.append(node)
    used = {name for node in editor.nodes for name in node.input}
    kept = [item for item in graph.graph.initializer if item.name in used]
    for field, values in ((graph.graph.node, editor.nodes), (graph.graph.initializer, [*kept, *editor.arrays])):
        copies = [copy.deepcopy(value) for value in values]
        del field[:]
        field.extend(copies)
    del graph.graph.value_info[:]  # shapes of values that are gone
    graph.opset_import.extend([_onnx().helper.make_opsetid("com.microsoft", 1)])


class _Editor:
    """Collects the nodes and arrays of the quantised graph."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []
        # Input -> its codes and scales: queries, keys and values share them.
        self._rows: dict[str, tuple[str, str]] = {}
        self._constant("axes", np.array([-1]))
        for name, value in (("one", 1.0), ("steps", INPUT_STEPS), ("tiny", TINY)):
            self._constant(name, np.float32(value))
        self._constant("zero", np.uint8(INPUT_ZERO))

    def matrix_product(self, node: Any, weight: np.ndarray) -> None:
        """x @ weight as integers."""
        (name,) = node.output
        codes, scales = quantised(weight, axis=0, steps=WEIGHT_STEPS)
        self._constant(f"{name}.codes", codes)
        self._constant(f"{name}.scales", scales.reshape(-1))
        rows, row_scales = self._quantised_rows(node.input[0])
        inputs = [rows, f"{name}.codes", "q8.one", f"{name}.scales", "q8.zero"]
        self._add("MatMulIntegerToFloat", inputs, f"{name}.unscaled", domain="com.microsoft")
        self._add("Mul", [f"{name}.unscaled", row_scales], name)

    def embedding(self, node: Any, weight: np.ndarray) -> None:
        """weight[ids] from 4-bit blocks where they hold it, else from 8-bit rows."""
        (name,) = node.output
        blocks = four_bit_blocks(weight)
        if blocks is not None:
            codes, scales = blocks
            packed = (codes[:, ::2] & 15 | (codes[:, 1::2] & 15) << 4).astype(np.uint8)
            helper, int4 = _onnx().helper, _onnx().TensorProto.INT4
            self.arrays.append(helper.make_tensor(f"{name}.codes", int4, codes.shape, packed.tobytes(), raw=True))
            self._constant(f"{name}.scales", scales)
            inputs = [f"{name}.codes", node.input[1], f"{name}.scales"]
            settings = {"gather_axis": 0, "quantize_axis": 1, "block_size": BLOCK, "domain": "com.microsoft"}
            self._add("GatherBlockQuantized", inputs, name, **settings)
            return
        codes, scales = quantised(weight, axis=1, steps=EMBEDDING_STEPS)
        self._constant(f"{name}.codes", codes)
        self._constant(f"{name}.scales", scales)
        self._add("Gather", [f"{name}.codes", node.input[1]], f"{name}.rows")
        self._add("Gather", [f"{name}.scales", node.input[1]], f"{name}.row_scales")
        self._add("Cast", [f"{name}.rows"], f"{name}.floats", to=1)
        self._add("Mul", [f"{name}.floats", f"{name}.row_scales"], name)

    def _quantised_rows(self, name: str) -> tuple[str, str]:
        if name not in self._rows:
            self._add("ReduceMax", [name, "q8.axes"], f"{name}.max", keepdims=1)
            self._add("ReduceMin", [name, "q8.axes"], f"{name}.min", keepdims=1)
            self._add("Neg", [f"{name}.min"], f"{name}.negative_min")
            self._add("Max", [f"{name}.max", f"{name}.negative_min", "q8.tiny"], f"{name}.largest")
            self._add("Div", [f"{name}.largest", "q8.steps"], f"{name}.scale")
            self._add("Div", [name, f"{name}.scale"], f"{name}.scaled")
            self._add("QuantizeLinear", [f"{name}.scaled", "q8.one", "q8.zero"], f"{name}.codes")
            self._rows[name] = (f"{name}.codes", f"{name}.scale")
        return self._rows[name]

    def _constant(self, name: str, value: Any) -> None:
        name = name if "." in name else f"q8.{name}"
        self.arrays.append(_onnx().numpy_helper.from_array(np.asarray(value), name))

    def _add(self, operation: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(_onnx().helper.make_node(operation, inputs, [output], name=output, **attributes))


def quantised(matrix: np.ndarray, *, axis: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """A matrix as integers, with one scale for all values along an axis.

    Args:
        matrix: (rows, columns), float32.
        axis: 0 for a scale a column, 1 for a scale a row.
        steps: The largest integer.

    Returns:
        Codes, int8, (rows, columns), and scales, float32, (1, columns) or (rows, 1): `codes * scales` is within half a
        scale of the matrix.
    """
    scales = np.maximum(np.abs(matrix).max(axis=axis, keepdims=True) / steps, TINY).astype(np.float32)
    return np.round(matrix / scales).astype(np.int8), scales


def four_bit_blocks(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """A matrix that was in 4 bits before (blocks with one scale, -8 to 7 times it), in 4 bits again.

    Args:
        matrix: (rows, columns), float32.

    Returns:
        Codes, int8 from -8 to 7, (rows, columns), and scales, float32, (rows, columns / BLOCK); None where the matrix
        is not of that form. What a run folder's 16-bit floats rounded comes back as it was.
    """
    if matrix.shape[1] % BLOCK:
        return None
    blocks = matrix.reshape(len(matrix), -1, BLOCK)
    # Such a block has its largest value at code -8, which gives the scale away.
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=2, keepdims=True), axis=2)
    scales = largest / -8
    codes = np.clip(np.round(blocks / np.where(scales == 0, 1, scales)), -8, 7)
    if not np.allclose(codes * scales, blocks, rtol=HALF_ROUNDING, atol=SMALLEST_HALF):
        return None
    return codes.astype(np.int8).reshape(matrix.shape), scales[..., 0].astype(np.float32)


def _onnx() -> Any:
    try:
        import onnx
        import onnxscript  # noqa: F401 - torch's exporter needs it
    except ModuleNotFoundError as error:
        raise GovstanceError(
            f"engine=onnx needs the packages onnx, onnxscript and onnxruntime; {error.name} is not installed. "
            "Mend it with: pip install --constraint constraints.txt --editable '.[onnx]'"
        ) from None
    return onnx
