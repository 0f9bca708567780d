"""Bounds and e-values that hold at any sample size, and the draws that plan a sample size.

Nothing here knows of rules, groups or models by name: arrays in, numbers out.
"""
