"""The benchmark itself works; no figure is judged here."""
