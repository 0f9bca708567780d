"""Choices: params.yaml as frozen classes, presets, and plug-ins by file name."""
