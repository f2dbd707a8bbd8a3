"""A fine-tuned model as its difference from the backbone that every installation has: small enough to ship.

Owns one file, delta.safetensors. Of each weight matrix that training changed it keeps the difference in 8 bits with
one scale a row; of everything else that changed, and of the head, 16-bit floats. What training left alone (frozen
layers, word embeddings) is not in it.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from govstance.errors import ModelFolderError
from govstance.models.backbones import load_backbone
from govstance.models.stance_model import StanceConfig, StanceModel

DELTA_FILE = "delta.safetensors"
STEPS = 127  # of an 8-bit integer to each side of 0
ENCODER = "encoder."
CODES, SCALES, PLAIN = ".codes", ".scales", ".plain"


def save_delta(folder: Path, model: StanceModel, backbone: str, *, cache_folder: Path | None = None) -> int:
    """Writes config.json and the difference of a model from its backbone.

    Args:
        folder: Exists.
        model: Trained from that backbone.
        backbone: As `load_backbone` takes it.
        cache_folder: Of converted backbones.

    Returns:
        Bytes of the file.

    Raises:
        ModelFolderError: The model was not trained from that backbone.
        BackboneUnavailableError: The backbone can't be loaded.
    """
    base = load_backbone(backbone, cache_folder=cache_folder).encoder.state_dict()
    tensors: dict[str, torch.Tensor] = {}
    for name, weight in model.state_dict().items():
        if not name.startswith(ENCODER):
            tensors[name + PLAIN] = weight.half()
            continue
        start = base.get(name.removeprefix(ENCODER))
        if start is None or start.shape != weight.shape:
            raise ModelFolderError(
                f"weight {name!r}: expected the shape it has in the backbone {backbone}, found {tuple(weight.shape)}; "
                "only a model trained from that backbone can be written as its difference."
            )
        difference = weight.float() - start.float()
        # A run folder holds 16-bit floats: what only that rounding changed was not trained.
        if torch.equal(weight.float(), start.half().float()) or not difference.any():
            continue
        if difference.dim() < 2:
            tensors[name + PLAIN] = difference.half()
        else:
            tensors[name + CODES], tensors[name + SCALES] = quantised(difference)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / DELTA_FILE)
    model.config.save_pretrained(folder)
    return (folder / DELTA_FILE).stat().st_size


def load_delta(folder: Path, backbone: str, *, cache_folder: Path | None = None) -> tuple[StanceModel, object]:
    """The model that `save_delta` wrote, as 32-bit floats, and its tokenizer.

    Raises:
        ModelFolderError: The file names weights that the backbone does not have.
        BackboneUnavailableError: The backbone can't be loaded.
    """
    loaded = load_backbone(backbone, cache_folder=cache_folder)
    model = StanceModel(StanceConfig.from_pretrained(folder))
    model.encoder.load_state_dict(loaded.encoder.state_dict(), assign=True)
    state = model.state_dict()
    tensors = load_file(folder / DELTA_FILE)
    for key, tensor in tensors.items():
        name, _, form = key.rpartition(".")
        if name not in state:
            raise ModelFolderError(f"{folder / DELTA_FILE}: weight {name!r} is not one of the backbone {backbone}.")
        if f".{form}" == CODES:
            state[name] += tensor.float() * tensors[name + SCALES].float()[:, None]
        elif f".{form}" == PLAIN and name.startswith(ENCODER):
            state[name] += tensor.float()
        elif f".{form}" == PLAIN:
            state[name].copy_(tensor.float())
    return model, loaded.tokenizer


def quantised(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix in 8 bits, each row on its own scale.

    Args:
        matrix: (rows, columns), float.

    Returns:
        Codes, int8, (rows, columns), and scales, float32, (rows,): `codes * scales[:, None]` is within half a
        scale of the matrix.
    """
    scales = (matrix.abs().amax(dim=1) / STEPS).clamp(min=torch.finfo(torch.float32).tiny)
    return torch.round(matrix / scales[:, None]).to(torch.int8), scales
