"""Print the codebook: `python -m casualty.codebook`."""

import sys

from casualty.codebook import markdown

if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(markdown())
