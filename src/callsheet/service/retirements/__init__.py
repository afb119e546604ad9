"""Retirements of an installation: which models retire, what follows from it, and who is concerned."""
