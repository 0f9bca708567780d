"""The raw data, and the checked data set that every later stage reads."""
