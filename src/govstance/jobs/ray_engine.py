"""Reading with Ray Data: one task cuts the input into chunks, a pool of actors that each hold the model answers them.

The chunks are those of the local engine and come back in their order, so the answers and the progress on disk are the
same, and a run that one engine began the other can go on with. All machines must see the input and the model under the
same paths, and have the package installed.
"""

import logging
import os
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from govstance.apply_config import PredictConfig, RayConfig
from govstance.errors import GovstanceError
from govstance.inference.stream import Position, Source, chunks_of
from govstance.jobs.answering import Answerer
from govstance.jobs.journal import AnsweredChunk
from govstance.jobs.places import BUILTIN
from govstance.threads import use_threads

# A block of Ray holds one chunk, lest actors wait for others' documents.
BLOCK_BYTES = 1
COLUMN = "chunk"


class ReadingActor:
    """One process of the pool.

    Args:
        config: Of predict, with whole paths.
    """

    def __init__(self, config: PredictConfig):
        use_threads(config.ray.threads)
        self._answerer = Answerer(config)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[bytes]]:
        """Answers the chunks of a batch."""
        answered = [self._answerer.answer(pickle.loads(chunk)) for chunk in batch[COLUMN]]
        return {COLUMN: [pickle.dumps(chunk) for chunk in answered]}


def answered_by_ray(config: PredictConfig, source: Source, start: Position) -> Iterator[AnsweredChunk]:
    """Answers of a source from a position on, chunk by chunk in their order.

    Args:
        config: Of predict.
        source: Of documents.
        start: Where to go on.

    Raises:
        GovstanceError: Ray is not installed, no cluster answers, or the input is standard input.
    """
    if not source.files:
        raise GovstanceError("engine=ray: expected files as input, found standard input: no other process can read it.")
    ray = _started(config)
    try:
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.target_max_block_size = BLOCK_BYTES
        context.enable_progress_bars = False
        # The task that cuts is light and asks for no core: one that did would wait for ever where actors hold all.
        chunks = ray.data.read_datasource(_chunk_source(source, start), override_num_blocks=1, num_cpus=0)
        answered = chunks.map_batches(
            ReadingActor,
            fn_constructor_args=(_with_whole_paths(config),),
            batch_size=1,
            num_cpus=config.ray.threads,
            compute=ray.data.ActorPoolStrategy(size=actor_count(ray, config.ray)),
        )
        for row in answered.iter_rows():
            yield pickle.loads(row[COLUMN])
    finally:
        ray.shutdown()


def _started(config: PredictConfig) -> Any:
    """Ray, connected."""
    try:
        import ray
        import ray.data
    except ModuleNotFoundError:
        raise GovstanceError(
            "engine=ray needs the package ray, which is not installed. "
            "Mend it with: pip install --constraint constraints.txt --editable '.[ray]'"
        ) from None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    try:
        ray.init(address=config.ray.address, include_dashboard=False, logging_level=logging.WARNING)
    except ConnectionError as error:
        raise GovstanceError(
            f"ray.address: expected a running cluster at {config.ray.address}, found: {error}"
        ) from None
    return ray


def actor_count(ray: Any, settings: RayConfig) -> int:
    """As many actors as asked for, or as there are cores for, all but one.

    Raises:
        GovstanceError: This machine has not the cores for them, and they would be waited for without end.
    """
    n_cores = int(ray.cluster_resources().get("CPU", 1))
    n_actors = settings.actors or max(1, (n_cores - 1) // settings.threads)
    # A cluster may grow; this machine does not.
    if settings.address is None and n_actors * settings.threads > n_cores:
        raise GovstanceError(
            f"engine=ray: expected ray.actors times ray.threads to be at most the {n_cores} cores of this machine; "
            f"found {n_actors} x {settings.threads}. Lower one of them, or name a cluster with ray.address."
        )
    return n_actors


def _chunk_source(source: Source, start: Position) -> Any:
    """The chunks as a source of Ray Data: one task, since documents are counted one after the other."""
    import pyarrow
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

    def blocks() -> Iterator[pyarrow.Table]:
        for chunk in chunks_of(source, start):
            yield pyarrow.table({COLUMN: [pickle.dumps(chunk)]})

    class ChunkSource(Datasource):
        def estimate_inmemory_data_size(self) -> int | None:
            return None

        def get_read_tasks(self, parallelism: int, *arguments: Any, **named: Any) -> list[ReadTask]:
            unknown = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
            return [ReadTask(blocks, unknown)]

    return ChunkSource()


def _with_whole_paths(config: PredictConfig) -> PredictConfig:
    """The settings as a process with another working folder needs them."""
    model = config.model if config.model == BUILTIN else str(Path(config.model).absolute())
    paths = replace(config.paths, data=str(Path(config.paths.data).absolute()))
    return replace(config, model=model, paths=paths)
