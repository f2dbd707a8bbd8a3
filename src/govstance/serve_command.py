"""Serve a model over HTTP: a page for browsers, /v1/stances for programs; /docs says what to send.

Examples:
  govstance-serve
  govstance-serve model=exported port=8080 threads=2
  govstance-serve host=0.0.0.0 limits.documents_per_request=8 limits.seconds_per_request=30
"""

import hydra
from omegaconf import DictConfig

from govstance.apply_config import APPLY_SCHEMAS, ServeConfig
from govstance.config import register_schemas, to_dataclass
from govstance.jobs.command_line import CONFIGS, describe_script, exit_on_bad_input
from govstance.jobs.serve import run_server

# The command `govstance-serve` of an installed package is scripts/serve.py under another name, with the same settings.
register_schemas(APPLY_SCHEMAS)
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path=str(CONFIGS / "apply"), config_name="serve")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Says where to open it, and serves until Ctrl-C or SIGTERM."""
    run_server(to_dataclass(config, ServeConfig))
