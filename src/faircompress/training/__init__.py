"""Moving a network's weights until an objective is low."""
