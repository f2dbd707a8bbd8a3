"""The matrices of an ONNX graph as 8-bit integers, so that ONNX Runtime reads several times as fast.

Each row of a matrix product's input gets a scale of its own while it runs. The quantisation that ONNX Runtime offers
has one scale for the whole batch: a few large values of the encoder spoil it for all other tokens, and an answer
depends on what else is in the batch. `onnx` is imported where it is needed; who calls this has seen that it is there.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Inputs in 8 bits, weights in 7: AVX2 adds two products in 16 bits, and 2 * 255 * 63 still fits where 2 * 255 * 127
# would be cut off. So a processor without VNNI gives the same answers as one with it.
INPUT_STEPS, WEIGHT_STEPS, EMBEDDING_STEPS = 127, 63, 127
INPUT_ZERO = 128
BLOCK = 32  # weights of the embedded backbone that share a scale
HALF_ROUNDING, SMALLEST_HALF = 2.0**-10, 2.0**-24  # what a 16-bit float rounds away: relative, and near 0
TINY = np.float32(1e-20)  # a row of zeros has no scale
SMALLEST_RANGE = np.float32(1e-5)  # a channel that is always 0 is as well left as it is


@dataclass(frozen=True)
class InputRange:
    """What was seen to come into a linear layer.

    Attributes:
        weight: (n_in, n_out), by which the layer is known in a graph.
        largest: (n_in,), the largest absolute value of each channel of its input.
    """

    weight: np.ndarray
    largest: np.ndarray


def quantise_graph(graph: Any, ranges: Sequence[InputRange] = ()) -> None:
    """Turns the matrices of a graph into 8-bit integers, in place.

    A column of a weight matrix has a scale, and so has a row of the word embeddings, unless these came in 4 bits, as in
    the embedded backbone: then they stay so, and nothing is lost.

    Args:
        graph: An `onnx.ModelProto` from `onnx_export.export_graph`.
        ranges: Of the layers whose input is smoothed, see `smoothing`; layers that share an input share its scales.
    """
    from onnx import helper, numpy_helper

    arrays = {item.name: item for item in graph.graph.initializer}
    products = {
        node.output[0]: numpy_helper.to_array(arrays[node.input[1]])
        for node in graph.graph.node
        if node.op_type == "MatMul" and node.input[1] in arrays and len(arrays[node.input[1]].dims) == 2
    }
    weights: dict[str, list[np.ndarray]] = {}
    for node in graph.graph.node:
        if node.output[0] in products:
            weights.setdefault(node.input[0], []).append(products[node.output[0]])
    editor = _Editor({name: smoothing(of_input, ranges) for name, of_input in weights.items()})
    for node in graph.graph.node:
        if node.output[0] in products:
            editor.matrix_product(node, products[node.output[0]])
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
    graph.opset_import.extend([helper.make_opsetid("com.microsoft", 1)])


def smoothing(weights: Sequence[np.ndarray], ranges: Sequence[InputRange]) -> np.ndarray | None:
    """By how much each channel of an input is divided before it is quantised, and its rows of the weights multiplied.

    The product stays the same. Channels with large values, which spoil the scale of all others, become smaller at the
    cost of larger weights, half the way.

    Args:
        weights: (n_in, n_out) of each layer that takes the input.
        ranges: Of any layers.

    Returns:
        float32, (n_in,), its geometric mean 1; None where the range of none of these layers is known.

    Source:
        Xiao et al. 2023, SmoothQuant, arXiv:2211.10438, with alpha = 0.5.
    """
    known = [
        item.largest
        for item in ranges
        if any(item.weight.shape == weight.shape and np.array_equal(item.weight, weight) for weight in weights)
    ]
    if not known:
        return None
    of_inputs = np.maximum(np.max(known, axis=0), SMALLEST_RANGE)
    of_weights = np.maximum(np.max([np.abs(weight).max(axis=1) for weight in weights], axis=0), SMALLEST_RANGE)
    logarithms = (np.log(of_inputs) - np.log(of_weights)) / 2
    scales: np.ndarray = np.exp(logarithms - logarithms.mean()).astype(np.float32)
    return scales


class _Editor:
    """Collects the nodes and arrays of the quantised graph."""

    def __init__(self, smoothed: dict[str, np.ndarray | None]) -> None:
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []
        self._smoothed = smoothed
        # Input -> its codes and scales: queries, keys and values share them.
        self._rows: dict[str, tuple[str, str]] = {}
        self._constant("axes", np.array([-1]))
        for name, value in (("one", 1.0), ("steps", INPUT_STEPS), ("tiny", TINY)):
            self._constant(name, np.float32(value))
        self._constant("zero", np.uint8(INPUT_ZERO))

    def matrix_product(self, node: Any, weight: np.ndarray) -> None:
        """x @ weight as integers."""
        (name,) = node.output
        scales_of_input = self._smoothed[node.input[0]]
        if scales_of_input is not None:
            weight = weight * scales_of_input[:, None]
        codes, scales = quantised(weight, axis=0, steps=WEIGHT_STEPS)
        self._constant(f"{name}.codes", codes)
        self._constant(f"{name}.scales", scales.reshape(-1))
        rows, row_scales = self._quantised_rows(node.input[0])
        inputs = [rows, f"{name}.codes", "q8.one", f"{name}.scales", "q8.zero"]
        self._add("MatMulIntegerToFloat", inputs, f"{name}.unscaled", domain="com.microsoft")
        self._add("Mul", [f"{name}.unscaled", row_scales], name)

    def embedding(self, node: Any, weight: np.ndarray) -> None:
        """weight[ids] from 4-bit blocks where they hold it, else from 8-bit rows."""
        from onnx import TensorProto, helper

        (name,) = node.output
        blocks = four_bit_blocks(weight)
        if blocks is not None:
            codes, scales = blocks
            packed = (codes[:, ::2] & 15 | (codes[:, 1::2] & 15) << 4).astype(np.uint8)
            self.arrays.append(
                helper.make_tensor(f"{name}.codes", TensorProto.INT4, codes.shape, packed.tobytes(), raw=True)
            )
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
            source, scales = name, self._smoothed[name]
            if scales is not None:
                source = f"{name}.smooth"
                self._constant(f"{name}.smoothing", 1 / scales)
                self._add("Mul", [name, f"{name}.smoothing"], source)
            self._add("ReduceMax", [source, "q8.axes"], f"{name}.max", keepdims=1)
            self._add("ReduceMin", [source, "q8.axes"], f"{name}.min", keepdims=1)
            self._add("Neg", [f"{name}.min"], f"{name}.negative_min")
            self._add("Max", [f"{name}.max", f"{name}.negative_min", "q8.tiny"], f"{name}.largest")
            self._add("Div", [f"{name}.largest", "q8.steps"], f"{name}.scale")
            self._add("Div", [source, f"{name}.scale"], f"{name}.scaled")
            self._add("QuantizeLinear", [f"{name}.scaled", "q8.one", "q8.zero"], f"{name}.codes")
            self._rows[name] = (f"{name}.codes", f"{name}.scale")
        return self._rows[name]

    def _constant(self, name: str, value: Any) -> None:
        from onnx import numpy_helper

        name = name if "." in name else f"q8.{name}"
        self.arrays.append(numpy_helper.from_array(np.asarray(value), name))

    def _add(self, operation: str, inputs: list[str], output: str, **attributes: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(operation, inputs, [output], name=output, **attributes))


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
