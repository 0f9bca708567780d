"""Statistical procedures, one a file: bounds of a change and of a rate, and how to plan with them.

Contract: a frozen value with ``change_lower``, ``change_upper``, ``rate_lower`` and ``rate_upper``,
each of alpha, oriented so that a change below 0 is worse.
"""
