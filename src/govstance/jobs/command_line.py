"""What all scripts share: errors the user can mend end with their message and exit status 2."""

import functools
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from govstance.errors import EXIT_STATUS_BAD_INPUT, GovstanceError
from govstance.files import write_text

logger = logging.getLogger(__name__)

RESOLVED_CONFIG_FILE = "config.yaml"


def exit_on_bad_input(main: Callable[[DictConfig], None]) -> Callable[[DictConfig], None]:
    """Wraps a script's main: a `GovstanceError` is logged without traceback, and the process exits with 2."""

    @functools.wraps(main)
    def wrapped(config: DictConfig) -> None:
        try:
            main(config)
        except GovstanceError as error:
            logger.error("%s", error)
        except MissingMandatoryValue as error:
            name = error.full_key
            logger.error("%s is not set: expected %s=<value> on the command line; the README has examples.", name, name)
        else:
            return
        sys.exit(EXIT_STATUS_BAD_INPUT)

    return wrapped


def start_run_folder(config: DictConfig) -> Path:
    """Hydra's run folder, with the resolved config in it as config.yaml."""
    run_folder = Path(HydraConfig.get().runtime.output_dir)
    write_text(run_folder / RESOLVED_CONFIG_FILE, OmegaConf.to_yaml(config, resolve=True))
    return run_folder
