"""An encoder on the way between its pretrained and its trained weights.

Source:
    Wortsman et al. 2022, Robust fine-tuning of zero-shot models, arXiv:2109.01903.
"""

from collections.abc import Mapping

import torch

from govstance.models.stance_model import StanceModel


def pretrained_weights(model: StanceModel) -> dict[str, torch.Tensor]:
    """Copies of the encoder's weights before any training, all but the word embeddings, which are most of them.

    Args:
        model: New, round a pretrained encoder.
    """
    embeddings = model.encoder.get_input_embeddings().weight
    return {
        name: weight.detach().clone() for name, weight in model.encoder.named_parameters() if weight is not embeddings
    }


@torch.no_grad()
def interpolate(model: StanceModel, pretrained: Mapping[str, torch.Tensor], share: float) -> None:
    """Keeps a share of what training changed in the encoder; the head stays as trained.

    Args:
        model: Trained; changed in place.
        pretrained: From `pretrained_weights`; weights that are not in it stay as trained.
        share: From 0, the pretrained encoder, to 1, the trained one.
    """
    for name, weight in model.encoder.named_parameters():
        if name in pretrained:
            weight.copy_(torch.lerp(pretrained[name].to(weight), weight, share))
