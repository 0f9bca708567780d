"""Servers: containers in compose.yaml, a chart for workers, and the same without containers."""
