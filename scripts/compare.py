"""Tell which of several finished systems is better, by how much, how surely, and where.

Examples:
  python scripts/compare.py runs=[outputs/2026-11-26/a,outputs/2026-11-26/b]
  python scripts/compare.py runs=outputs/2026-11-26 skip_broken=true
  python scripts/compare.py runs=[outputs/2026-11-26/*_full] pairs=all
"""

import hydra
from omegaconf import DictConfig
from rich.console import Console

from govstance.apply_config import APPLY_SCHEMAS, CompareConfig
from govstance.config import register_schemas, to_dataclass
from govstance.files import path_from_here
from govstance.jobs.command_line import describe_script, exit_on_bad_input, start_run_folder
from govstance.jobs.compare import PAGE_FILE, run_comparison
from govstance.reporting.comparison_tables import print_comparison

register_schemas(APPLY_SCHEMAS)
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path="../configs/apply", config_name="compare")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Prints the leaderboard and the differences, and where the page lies."""
    compare = to_dataclass(config, CompareConfig)
    run_folder = start_run_folder(config)
    comparison = run_comparison(compare, run_folder)
    console = Console()
    print_comparison(console, comparison)
    console.print(f"page: {path_from_here(run_folder / PAGE_FILE)}", soft_wrap=True)


if __name__ == "__main__":
    main()
