"""Weights between others: of an encoder between its pretrained and its trained ones, and the mean of several models.

Source:
    Wortsman et al. 2022, Robust fine-tuning of zero-shot models, arXiv:2109.01903.
    Wortsman et al. 2022, Model soups, arXiv:2203.05482.
"""

from collections.abc import Mapping, Sequence

import torch

from govstance.errors import GovstanceError
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


def mean_weights(models: Sequence[StanceModel]) -> dict[str, torch.Tensor]:
    """The mean of the weights of one or more models, by name.

    Args:
        models: Trained from the same pretrained weights; others have no mean that means anything. Each weight has one
            shape in all of them.

    Raises:
        GovstanceError: One has a weight that another has not.
    """
    states = [model.state_dict() for model in models]
    for state in states[1:]:
        different = sorted(state.keys() ^ states[0].keys())
        if different:
            raise GovstanceError(
                f"model.start_from: expected models with the same weights, to take their mean; only some have "
                f"{', '.join(different)}. Name models of one layout."
            )
    return {name: sum(state[name] for state in states) / len(states) for name in states[0]}
