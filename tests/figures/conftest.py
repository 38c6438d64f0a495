"""Tables for the figure tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the helpers of these tests: boxes, figure_tables
