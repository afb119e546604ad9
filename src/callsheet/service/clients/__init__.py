"""Configurations of clients that do not ask for the list, or not for all of it: made from models, pure."""
