"""Makes this folder's targets and seeds importable; run.py finds them beside itself."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
