"""Synthetic data of an invented territory, with planted patterns, and the seeded generator that makes it."""
