"""The demonstration city, and worlds of the same shape at any size.

Everything is generated from a fixed seed: the same command makes the same city on every machine. Names of persons are
fictional. The words are in `data/`, one line per agency, dataset and group of fields.
"""

from graph_seed.loading import Delivering, SeedRefused, clear, is_needed, load_city, load_scaled

__all__ = ["Delivering", "SeedRefused", "clear", "is_needed", "load_city", "load_scaled"]
