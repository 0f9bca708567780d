"""Watches the champion on newly labelled rows: is a group served worse than before?"""
