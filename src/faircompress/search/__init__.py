"""How small may it be? Candidates, their predicted chance to pass, and the frontier."""
