"""Plans: what would change, for whom, and as JSON that can be kept and applied later."""
