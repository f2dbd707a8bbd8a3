"""A trained stance model as ONNX graphs: one in 32-bit floats, one with 8-bit matrices.

The graph takes the arrays of `encoding.Encoder.collate` by name and gives logits, (n_pairs, n_targets, n_stances).
How it is run is `onnx_predictor`'s business, and what becomes of its matrices that of `quantisation`.
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
from govstance.models.quantisation import InputRange, quantise_graph
from govstance.models.stance_model import StanceModel
from govstance.models.vocabulary import trimmed_vocabulary
from govstance.schema import Row

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


def write_onnx(
    folder: Path,
    predictor: TransformerPredictor,
    *,
    vocabulary_texts: Sequence[str] | None = None,
    range_rows: Sequence[Row] = (),
) -> int:
    """Writes both graphs, the tokenizer and config.json.

    Args:
        folder: Exists.
        predictor: The trained model.
        vocabulary_texts: Keep only the pieces that occur in these texts (`trimmed_vocabulary`); None: keep all.
        range_rows: Read once to see what comes into each layer, which makes the 8-bit graph more exact; labels are not
            looked at. Without any it is as exact as it can be unseen.

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
    quantise_graph(graph, input_ranges(predictor, range_rows) if range_rows else ())
    onnx.save(graph, folder / INT8_FILE)
    return len(kept)


def input_ranges(predictor: TransformerPredictor, rows: Sequence[Row]) -> list[InputRange]:
    """What comes into each linear layer of the encoder while the model reads some rows."""
    layers = [module for module in predictor.model.encoder.modules() if isinstance(module, torch.nn.Linear)]
    largest: dict[torch.nn.Module, np.ndarray] = {
        layer: np.zeros(layer.in_features, dtype=np.float32) for layer in layers
    }

    def note(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen = inputs[0].detach().abs().flatten(0, -2).amax(dim=0).numpy()
        np.maximum(largest[layer], seen, out=largest[layer])

    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    try:
        predictor.predict_logits(rows)
    finally:
        for hook in hooks:
            hook.remove()
    return [InputRange(layer.weight.detach().numpy().T, largest[layer]) for layer in layers]


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
