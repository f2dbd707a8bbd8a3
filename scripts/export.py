"""Write a trained model small enough to pass on: python scripts/export.py model=outputs/latest output=<folder>"""

from pathlib import Path

import hydra
from omegaconf import DictConfig

from govstance.config import ExportConfig, register_schemas, to_dataclass
from govstance.evaluation.parity import parity_lines
from govstance.files import read_json
from govstance.jobs.command_line import exit_on_bad_input
from govstance.jobs.export import run_export
from govstance.models.folder import ONNX
from govstance.models.onnx_predictor import PARITY_FILE

register_schemas()


@hydra.main(version_base="1.3", config_path="../configs/apply", config_name="export")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Writes the folder and says how large it is."""
    export = to_dataclass(config, ExportConfig)
    n_bytes = run_export(export)
    report = Path(export.output) / PARITY_FILE
    for line in parity_lines(read_json(report)) if export.engine == ONNX else ():
        print(line)
    print(f"{n_bytes / 1e6:.1f} MB: {export.output}")


if __name__ == "__main__":
    main()
