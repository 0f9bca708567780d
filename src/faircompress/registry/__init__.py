"""Versions, verdicts and decisions. The only room that knows MLflow."""
