"""Run the benchmark of the map: `python -m bench.map [large] [million]`."""

import sys

from bench.map import SIZES, main

asked = tuple(name for name in sys.argv[1:] if name in SIZES) or tuple(SIZES)
sys.exit(main(asked))
