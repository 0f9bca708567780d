"""What flows call: stages, workspaces, records. Only this room and flows know Prefect and DVC."""
