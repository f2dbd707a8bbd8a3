"""What all scripts share: the text of --help, a run folder of their own, and how errors end.

An error that the user can mend ends with its message and exit status 2. In a sweep (-m) no error ends the other cells.
"""

import atexit
import functools
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from govstance.config import CARRIED_ROOT, HELP_TEMPLATE
from govstance.errors import EXIT_STATUS_BAD_INPUT, GovstanceError
from govstance.files import write_text
from govstance.jobs.run_status import FAILED, FINISHED, SKIPPED, STOPPED, begin_run, end_run, goes_on_here, log_of
from govstance.threads import process_rank

logger = logging.getLogger(__name__)

CONFIGS = CARRIED_ROOT / "configs"
RESOLVED_CONFIG_FILE = "config.yaml"


def describe_script(script: str, text: str | None) -> None:
    """Makes a script's docstring and groups the head of its --help; call it before `hydra.main` composes.

    Args:
        script: Its file.
        text: Its docstring.
    """
    groups = "\n".join(
        f"  {group}: {', '.join(options)}"
        for group, options in groups_of(CONFIGS / f"{Path(script).stem}.yaml").items()
    )
    header = f"{text}\nGroups, chosen by group=option:\n{groups}\n" if groups else text
    ConfigStore.instance().store(
        group="hydra/help", name="govstance", node={"header": header, "template": HELP_TEMPLATE}
    )


def groups_of(config: Path) -> dict[str, list[str]]:
    """Group -> options of a script, from the defaults list of its YAML; none for those that lie in configs/apply."""
    # Hydra's own list has every folder beside the file, also those that this script does not take.
    defaults = yaml.safe_load(config.read_text(encoding="utf-8"))["defaults"] if config.is_file() else []
    names = [name for item in defaults if isinstance(item, dict) for name in item if " " not in name]
    return {name: sorted(path.stem for path in (config.parent / name).glob("*.yaml")) for name in names}


def exit_on_bad_input(main: Callable[[DictConfig], None]) -> Callable[[DictConfig], None]:
    """Wraps a script's main: a `GovstanceError` is logged without traceback, and the process exits with 2.

    Where the run has a folder, status.json there says how it ended. A cell of a sweep that fails is told at once, with
    its log, and the sweep goes on; `jobs.sweep` ends it.
    """

    @functools.wraps(main)
    def wrapped(config: DictConfig) -> None:
        run_folder = output_folder()
        try:
            main(config)
        except (GovstanceError, MissingMandatoryValue) as error:
            message = _message(error)
            logger.error("%s", message)
            end_run_as_failed(run_folder, message)
        except Exception as error:
            end_run_as_failed(run_folder, f"{type(error).__name__}: {error}")
            if not in_sweep():
                raise
            logger.exception("a defect, not your settings")
        except BaseException as error:  # Ctrl-C and what ends the process
            end_run(run_folder, STOPPED, error=type(error).__name__)
            raise
        else:
            end_run(run_folder, FINISHED)
            return
        if not in_sweep():
            raise SystemExit(EXIT_STATUS_BAD_INPUT)
        logger.error("this cell failed, the others go on; its log: %s", log_of(run_folder))

    return wrapped


def _message(error: GovstanceError | MissingMandatoryValue) -> str:
    if isinstance(error, GovstanceError):
        return str(error)
    name = error.full_key
    return f"{name} is not set: expected {name}=<value> on the command line; --help has examples."


def end_run_as_failed(run_folder: Path, error: str) -> None:
    """Records a failure, also of a run that failed before it began; scripts without a run folder record none."""
    if HydraConfig.get().output_subdir is not None and not goes_on_here(run_folder):
        _begin(run_folder)
    end_run(run_folder, FAILED, error=error)


def start_run_folder(config: DictConfig, *, fingerprint: str | None = None) -> Path:
    """Hydra's run folder, with the resolved config in it as config.yaml and the state of the run as status.json.

    Args:
        config: As composed.
        fingerprint: See `jobs.cells`.
    """
    if process_rank() > 0:
        logging.getLogger().setLevel(logging.ERROR)  # the first process says the rest
    run_folder = output_folder()
    _begin(run_folder, fingerprint)
    write_text(run_folder / RESOLVED_CONFIG_FILE, OmegaConf.to_yaml(config, resolve=True))
    return run_folder


def skip_cell(run_folder: Path, *, same_as: Path, fingerprint: str) -> None:
    """Records that a cell is not run, since a finished run is the same."""
    if same_as.resolve() != run_folder.resolve():
        _begin(run_folder, fingerprint)
        end_run(run_folder, SKIPPED, same_as=same_as)


def output_folder() -> Path:
    """Hydra's run folder."""
    return Path(HydraConfig.get().runtime.output_dir)


def in_sweep() -> bool:
    """Whether this run is a cell of a sweep; a script that leaves no run folder has none, an error ends it at once."""
    config = HydraConfig.get()
    return config.mode == RunMode.MULTIRUN and config.output_subdir is not None


def _begin(run_folder: Path, fingerprint: str | None = None) -> None:
    config = HydraConfig.get()
    # Not sys.argv: in a process that a launcher started it names the launcher.
    given = [str(item) for item in config.overrides.task]
    begin_run(run_folder, script=config.job.name, overrides=given, fingerprint=fingerprint)


def new_folder(wanted: str) -> str:
    """Makes a folder that nobody else has and returns its path: `wanted`, or `wanted-2` and so on where it exists.

    Of several processes that train one model only the first has a run folder; what the others write goes nowhere.
    """
    if process_rank() > 0:
        folder = tempfile.mkdtemp(prefix=f"govstance-rank{process_rank()}-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder
    Path(wanted).parent.mkdir(parents=True, exist_ok=True)
    number, folder = 1, wanted
    while True:
        try:
            os.mkdir(folder)
        except FileExistsError:
            number += 1
            folder = f"{wanted}-{number}"
        else:
            return folder


# At import, not in a function: the launchers that start other processes import this module there and call no function.
# The cache makes all that ask within one run get one answer.
OmegaConf.register_new_resolver("new_folder", new_folder, use_cache=True, replace=True)
