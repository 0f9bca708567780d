"""A second opinion on a verdict: written from docs/statistics.md alone, sharing no code with it."""
