"""A network is tried before hours are spent on it."""
