"""Which channels go, and how they are taken out."""
