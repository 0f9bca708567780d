"""The verdict for people: one page, a model card, and the figures in them, as plain values.

Nothing is computed anew: ``html`` and ``model_card`` show what ``verdict.json`` and export's files
say, under the captions that the verdict has.
"""
