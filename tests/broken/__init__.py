"""Servers that are wrong in one way each, as servers that people run have been wrong."""
