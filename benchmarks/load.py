"""One measurement of benchmarks/inference.py: how long a fresh process takes to import the library and load a model.

Imports nothing of weight before the clock runs.
"""

import argparse
import sys
import time
from pathlib import Path


def main() -> None:
    """Loads the model and writes import_seconds, load_seconds, seconds, peak_rss_mib and torch_imported as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="model folder or run folder")
    parser.add_argument("actors", type=Path, help="the folder data/actors")
    parser.add_argument("--cache", type=Path, help="folder of converted backbones")
    parser.add_argument("--result", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()

    started = time.perf_counter()
    from govstance.actors.finder import MentionFinder
    from govstance.models.folder import load_model

    imported = time.perf_counter()
    load_model(arguments.folder, MentionFinder(arguments.actors), cache_folder=arguments.cache)
    loaded = time.perf_counter()

    from benchmarks.common import peak_rss_mib
    from govstance.files import write_json

    peak, torch_imported = peak_rss_mib(), "torch" in sys.modules

    result = {
        "import_seconds": imported - started,
        "load_seconds": loaded - imported,
        "seconds": loaded - started,
        "peak_rss_mib": peak,
        "torch_imported": torch_imported,
    }
    write_json(arguments.result, result)


if __name__ == "__main__":
    main()
