"""Where the time of a training step and of an inference batch goes, and how near the matrix products are to the peak.

torch.profiler's own time of each operator, summed by group; what happens outside operators (Python, waiting) is
`outside`. The peak is the best rate of torch.matmul on the shapes of the encoder and on large squares, same threads.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.common import machine, parser_of, rows_in, run_main, seconds_of, train_config, whole_texts, write_report
from govstance.config import TrainConfig
from govstance.jobs.places import cache_folder, mention_finder, targets_of_corpus
from govstance.models.backbones import load_backbone
from govstance.models.encoding import EncodedText, Encoder, batches_by_length
from govstance.models.predictor import TOKENS_PER_BATCH, encoder_for
from govstance.models.stance_model import StanceModel, tensors_of
from govstance.schema import Row
from govstance.threads import use_threads
from govstance.training.batching import Batcher, lower_states
from govstance.training.optimizer import optimizer_for
from govstance.training.processor import fast_steps, precision_of
from govstance.training.starting import build_model, freeze

NAME = "profile"
# Ranges that own all that happens within them; torch names the optimiser's itself.
RANGES = {"Optimizer.": "optimiser", "clipping": "optimiser", "data": "data"}
# Parts of operator names, the first that fits.
GROUPS = (
    ("attention", ("scaled_dot_product", "_softmax", "flash_attention")),
    ("activation", ("gelu", "tanh")),
    ("norm", ("layer_norm",)),
    ("matrix products", ("mm", "matmul", "linear", "dot")),
)
OTHER, OUTSIDE = "other", "outside"
SQUARES = (1024, 2048)


def group_of(event: Any) -> str:
    """The group of one profiled operator."""
    ancestor = event
    while ancestor is not None:
        for start, group in RANGES.items():
            if ancestor.name.startswith(start):
                return group
        ancestor = ancestor.cpu_parent
    name = event.name.lower()
    return next((group for group, parts in GROUPS if any(part in name for part in parts)), OTHER)


def shares(step: Callable[[], None], *, n_steps: int, gemm_peak: float) -> dict[str, Any]:
    """Profiles a step that has been warmed up.

    Args:
        step: One training step or one inference batch.
        n_steps: How often it is run; an unprofiled run as often gives the wall time.
        gemm_peak: GFLOP/s.

    Returns:
        Seconds a step by group (their sum is the profiled wall time), the unprofiled seconds a step, GFLOP of the
        matrix products a step (attention's own not counted) and their rate: while they run, and over the whole step.
    """
    plain = statistics.median(seconds_of(step) for _ in range(n_steps))
    with FlopCounterMode(display=False) as counter:
        step()
    gflop = counter.get_total_flops() / 1e9
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        started = time.perf_counter()
        for _ in range(n_steps):
            step()
        wall = (time.perf_counter() - started) / n_steps
    seconds: dict[str, float] = defaultdict(float)
    for event in profiler.events() or ():
        seconds[group_of(event)] += event.self_cpu_time_total / 1e6 / n_steps
    seconds[OUTSIDE] = max(0.0, wall - sum(seconds.values()))
    busy, over_all = gflop / seconds["matrix products"], gflop / plain
    return {
        "seconds_by_group": dict(sorted(seconds.items(), key=lambda item: -item[1])),
        "seconds_profiled": wall,
        "seconds": plain,
        "gflop_of_matrix_products": gflop,
        "gflops_while_multiplying": busy,
        "gflops_over_all": over_all,
        "share_of_peak_while_multiplying": busy / gemm_peak,
        "share_of_peak_over_all": over_all / gemm_peak,
    }


def measured_gemm_peak(
    shapes: Sequence[tuple[int, int, int]], precision: torch.dtype, *, repetitions: int
) -> dict[str, float]:
    """GFLOP/s of torch.matmul: "m x k x n" -> the best of several, since this is the ceiling."""
    rates = {}
    for m, k, n in shapes:
        left, right = torch.rand(m, k, dtype=precision), torch.rand(k, n, dtype=precision)
        torch.matmul(left, right)
        seconds = [seconds_of(lambda a=left, b=right: torch.matmul(a, b)) for _ in range(repetitions)]  # type: ignore[misc]
        rates[f"{m} x {k} x {n}"] = 2 * m * k * n / min(seconds) / 1e9
    return rates


def model_of_config(config: TrainConfig) -> tuple[StanceModel, Encoder]:
    """An untrained stance model, frozen as in training; weights do not change the time."""
    backbone = load_backbone(
        config.model.backbone or "",
        revision=config.model.revision,
        cache_folder=cache_folder(config.paths),
        dropout=config.model.dropout,
    )
    target_ids = [target.id for target in targets_of_corpus(config.paths, config.corpus)]
    model = build_model(backbone, config.model, target_ids)
    freeze(model, config.training.frozen_layers, train_word_embeddings=config.training.train_word_embeddings)
    return model, encoder_for(model, backbone.tokenizer, mention_finder(config.paths))


def training_step(model: StanceModel, encoder: Encoder, items: Sequence[EncodedText], config: TrainConfig) -> Any:
    """What the Trainer does in a step, within `fast_steps`: collate, forward, backward, clipping, optimiser."""
    states = lower_states(model, encoder, items, config.training)
    batcher = Batcher(encoder, states, config.training.frozen_layers)
    optimizer, precision = optimizer_for(model, config.training), precision_of(config.training.precision)
    features = [vars(item) | {"index": index} for index, item in enumerate(items)]
    weights = [weight for weight in model.parameters() if weight.requires_grad]

    def step() -> None:
        model.train()
        with record_function("data"):
            batch = batcher(features)
        with torch.autocast(model.device.type, dtype=precision, enabled=precision is not torch.float32):
            loss = model(**batch).loss
        loss.backward()
        with record_function("clipping"):
            torch.nn.utils.clip_grad_norm_(weights, config.training.max_gradient_norm)
        optimizer.step()
        optimizer.zero_grad()

    return step


def inference_step(model: StanceModel, encoder: Encoder, rows: Sequence[Row]) -> Any:
    """What the predictor does with some rows, tokens included."""

    def step() -> None:
        model.eval()
        with torch.inference_mode():
            with record_function("data"):
                items = encoder.encode(rows)
            for batch in batches_by_length(items, TOKENS_PER_BATCH):
                with record_function("data"):
                    tensors = tensors_of(encoder.collate([items[position] for position in batch]))
                del tensors["labels"]
                model(**tensors)

    return step


def measure(config: TrainConfig, arguments: argparse.Namespace) -> dict[str, Any]:
    """Both profiles and the peak."""
    model, encoder = model_of_config(config)
    rows = whole_texts(rows_in(config, "train"), arguments.rows, seed=config.seed)
    items = encoder.encode(rows)
    hidden, inner = model.encoder.config.hidden_size, model.encoder.config.intermediate_size
    fitting = [(TOKENS_PER_BATCH, hidden, inner), (TOKENS_PER_BATCH, inner, hidden), (TOKENS_PER_BATCH, hidden, hidden)]
    shapes = [*fitting, *((n, n, n) for n in SQUARES)]
    precisions = {"training_step": precision_of(config.training.precision), "inference_batch": torch.float32}
    training = training_step(model, encoder, items[: config.training.texts_per_batch], config)
    steps = {"training_step": training, "inference_batch": inference_step(model, encoder, rows)}
    result: dict[str, Any] = {}
    for name, step in steps.items():
        rates = measured_gemm_peak(shapes, precisions[name], repetitions=arguments.steps)
        peak = max(rates.values())
        with fast_steps(model, precisions[name]) if name == "training_step" else nullcontext():
            step()  # warm
            result[name] = shares(step, n_steps=arguments.steps, gemm_peak=peak)
        result[name] |= {"precision": str(precisions[name]), "gemm_gflops": rates, "gemm_peak_gflops": peak}
    return result


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the benchmark in this process."""
    parser = parser_of(NAME, __doc__)
    parser.add_argument("--rows", type=int, default=64, help="training rows to draw the batches from")
    parser.add_argument("--steps", type=int, default=10, help="profiled steps")
    arguments = parser.parse_intermixed_args(argv)
    before = machine(arguments.threads)
    use_threads(arguments.threads)
    result = measure(train_config(arguments.overrides), arguments)
    for name in ("training_step", "inference_batch"):
        table = Table("group", "ms", "share", title=name)
        for group, seconds in result[name]["seconds_by_group"].items():
            table.add_row(group, f"{1000 * seconds:.1f}", f"{seconds / result[name]['seconds_profiled']:.1%}")
        Console().print(table)
        rate, share = result[name]["gflops_while_multiplying"], result[name]["share_of_peak_while_multiplying"]
        print(
            f"matrix products: {rate:.1f} GFLOP/s, {share:.0%} of the peak of {result[name]['gemm_peak_gflops']:.1f}\n"
        )
    write_report(arguments.output, NAME, machine=before, content=result)


if __name__ == "__main__":
    run_main(main)
