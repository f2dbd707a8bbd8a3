"""The stories that the scripts tell, from files in to files out: the one floor that knows all others."""

import os
import sys
from pathlib import Path

# Python puts a script's own folder first on the path, and scripts/evaluate.py would hide the library `evaluate`.
_SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
if sys.path and Path(sys.path[0]).resolve() == _SCRIPTS:
    sys.path.pop(0)

# Bars for what takes a second (reading weights) would hide those for what takes minutes. Both libraries look here when
# they are imported, which not every job does.
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
