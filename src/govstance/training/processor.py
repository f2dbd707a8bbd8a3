"""What makes a training step cheap on the processor at hand: 16-bit products, attention and dropout to match."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from govstance.errors import GovstanceError
from govstance.models.stance_model import StanceModel

PRECISIONS = ("auto", "float32", "bfloat16")
BYTES_PER_DRAW = 8
VALUES_OF_BYTE = 256


def precision_of(asked: str) -> torch.dtype:
    """The type that matrix products are computed in; weights, norms, losses and the optimiser stay in 32 bits.

    Args:
        asked: `auto` takes 16 bits where the processor multiplies them in hardware of its own (AMX, AVX-512 with
            bfloat16, or a GPU with it) and is faster for it; elsewhere they are slower than 32.

    Raises:
        GovstanceError: There is no such precision.
    """
    if asked not in PRECISIONS:
        raise GovstanceError(f"training.precision: expected one of {', '.join(PRECISIONS)}; found {asked!r}.")
    if asked == "auto":
        return torch.bfloat16 if _multiplies_bfloat16() else torch.float32
    return torch.bfloat16 if asked == "bfloat16" else torch.float32


def _multiplies_bfloat16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16"))


@contextmanager
def fast_steps(model: StanceModel, precision: torch.dtype) -> Iterator[None]:
    """Within it the model's training steps take the cheap way on a CPU; after it the model is as it was.

    Attention: the library's fused one for CPUs is slow backwards in 16 bits, plain products are not.
    """
    if torch.cuda.is_available():
        yield
        return
    attention = model.encoder.config._attn_implementation
    slow = {name: module for name, module in model.named_modules() if type(module) is nn.Dropout}
    for name, module in slow.items():
        model.set_submodule(name, ByteDropout(module.p).train(module.training))
    if precision is torch.bfloat16:
        model.encoder.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.encoder.set_attn_implementation(attention)
        for name, module in slow.items():
            model.set_submodule(name, module.train(model.training))


class ByteDropout(nn.Dropout):
    """Dropout whose share is rounded to 256ths, so that one draw of the generator serves eight values.

    On a CPU drawing the masks of `nn.Dropout` takes a seventh of a training step.
    """

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """As `nn.Dropout`: while training, zeros here and there and the rest larger for it."""
        dropped = round(self.p * VALUES_OF_BYTE)
        if not self.training or not dropped:
            return states
        draws = torch.empty(-(-states.numel() // BYTES_PER_DRAW), dtype=torch.int64)
        draws.random_(torch.iinfo(torch.int64).min, None)
        kept = draws.view(torch.uint8)[: states.numel()].view(states.shape) >= dropped
        return states * (kept.to(states.dtype) * (VALUES_OF_BYTE / (VALUES_OF_BYTE - dropped)))
