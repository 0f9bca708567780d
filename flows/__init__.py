"""When and where: Prefect runs the chain, DVC decides what of it must run, MLflow remembers."""
