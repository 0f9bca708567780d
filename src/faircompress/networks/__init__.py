"""Networks by name, their layers, and what is connected with what."""
