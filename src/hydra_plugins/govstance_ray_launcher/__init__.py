"""`hydra/launcher=ray`: the cells of a sweep as tasks of Ray, on this machine or on a cluster.

It lies here because Hydra looks for launchers in the package `hydra_plugins` alone; Hydra's own launcher for Ray asks
for versions that do not go with the ones pinned here. Hydra imports this at each start of a script, so Ray is imported
where it is needed.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, configure_log, filter_overrides, run_job, setup_globals
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

logger = logging.getLogger(__name__)


@dataclass
class RayLauncherConfig:
    """What can be set of it."""

    _target_: str = "hydra_plugins.govstance_ray_launcher.RayLauncher"
    # Of a cluster ("auto" inside one), whose machines see the project under the same path; null: this machine.
    address: str | None = None
    # Cores that a cell takes; so many cells run at once as there are cores for.
    cpus_per_cell: int = 1
    gpus_per_cell: float = 0.0


ConfigStore.instance().store(group="hydra/launcher", name="ray", node=RayLauncherConfig, provider="govstance")


class RayLauncher(Launcher):
    """Runs each cell of a sweep as a task of Ray; one whose process dies fails alone.

    Args:
        address, cpus_per_cell, gpus_per_cell: As in `RayLauncherConfig`.
    """

    def __init__(self, address: str | None, cpus_per_cell: int, gpus_per_cell: float):
        self._address = address
        self._resources: dict[str, Any] = {"num_cpus": cpus_per_cell, "num_gpus": gpus_per_cell}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Hydra's, called before `launch`."""
        self._context, self._task, self._config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Runs the cells.

        Args:
            job_overrides: Of each cell.
            initial_job_idx: The number of the first.

        Returns:
            What each cell gave, in their order.

        Raises:
            HydraException: Ray is not installed.
        """
        try:
            import ray
        except ModuleNotFoundError:
            raise HydraException(
                "hydra/launcher=ray needs the package ray: pip install -c constraints.txt -e '.[ray]'"
            ) from None
        setup_globals()
        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
        Path(str(self._config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        ray.init(address=self._address, ignore_reinit_error=True, include_dashboard=False, log_to_driver=False)
        remote: Any = ray.remote(max_retries=0, **self._resources)
        run = remote(_run_cell)
        state = Singleton.get_state()
        cells = []
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            logger.info("cell %d: %s", number, " ".join(filter_overrides(overrides)))
            cells.append(run.remote(number, list(overrides), self._context, self._config, self._task, state))
        try:
            return [cell_result(cell, ray) for cell in cells]
        finally:
            ray.shutdown()


def _run_cell(
    number: int, overrides: list[str], context: HydraContext, config: DictConfig, task: TaskFunction, state: Any
) -> JobReturn:
    """One cell, in a process of Ray's."""
    setup_globals()
    Singleton.set_state(state)
    cell = context.config_loader.load_sweep_config(config, overrides)
    with open_dict(cell):
        cell.hydra.job.id = f"{cell.hydra.job.name}_{number}"
        cell.hydra.job.num = number
    HydraConfig.instance().set_config(cell)
    return run_job(
        hydra_context=context,
        config=cell,
        task_function=task,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )


def cell_result(cell: Any, ray: Any) -> JobReturn:
    """What a cell gave; a failure where its process died, say for want of memory.

    Args:
        cell: Ray's reference to it.
        ray: The package.
    """
    try:
        result: JobReturn = ray.get(cell)
    except ray.exceptions.RayError as error:
        result = JobReturn()
        result.status = JobStatus.FAILED
        result.return_value = error
    return result
