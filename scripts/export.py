"""Write a trained model small enough to pass on: its difference from the backbone, or 8 bits for ONNX Runtime.

Examples:
  python scripts/export.py model=outputs/latest output=exported
  python scripts/export.py model=outputs/latest output=fast engine=onnx
  python scripts/export.py model=outputs/latest output=small engine=onnx trim_vocabulary=true
"""

import hydra
from omegaconf import DictConfig

from govstance.apply_config import APPLY_SCHEMAS, ExportConfig
from govstance.config import register_schemas, to_dataclass
from govstance.jobs.command_line import describe_script, exit_on_bad_input
from govstance.jobs.export import run_export

register_schemas(APPLY_SCHEMAS)
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path="../configs/apply", config_name="export")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Writes the folder and says how large it is, and how near to the model where that was compared."""
    for line in run_export(to_dataclass(config, ExportConfig)):
        print(line)


if __name__ == "__main__":
    main()
