"""What every room may use: whole files, locks, progress, signals."""
