"""What an exported file calls its input and its output."""

INPUT, OUTPUT = "images", "probabilities"
