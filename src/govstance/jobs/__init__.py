"""The stories that the scripts tell, from files in to files out: the one floor that knows all others."""

import sys
from pathlib import Path

# Python puts a script's own folder first on the path, and scripts/evaluate.py would hide the library `evaluate`.
_SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
if sys.path and Path(sys.path[0]).resolve() == _SCRIPTS:
    sys.path.pop(0)
