"""What a command tells the shell, by the verdict or because there is none."""

PASS, FAIL, INCONCLUSIVE, ERROR = 0, 1, 2, 3
BY_VERDICT = {"pass": PASS, "fail": FAIL, "inconclusive": INCONCLUSIVE}
