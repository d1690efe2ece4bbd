"""`python -m tests.bench.picture_layer PICTURE FOLDER`: one layer of imagery as a process of its own; says its peak, MB."""

import resource
import sys
from pathlib import Path

from tilesets.imagery.layer import build_imagery
from tilesets.imagery.mosaic import Picture

build_imagery([Picture(Path(sys.argv[1]))], Path(sys.argv[2]), "orthophoto")
sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}\n")
