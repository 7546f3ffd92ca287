"""Benchmarks: figures as ratios within one run, printed; `python -m bench` runs them all."""
