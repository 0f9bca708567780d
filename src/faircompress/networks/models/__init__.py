"""Plug-ins that are untrained networks of our own; torchvision's classifiers need no file here.

Contract: ``models/NAME.py`` gives ``NAME(classes: int) -> nn.Module``, which takes normalised
float pictures ``(batch, 3, height, width)`` of any size from 32 and returns logits
``(batch, classes)``.
"""
