"""The rules of change, each in one place: a verb returns the changes to make, or raises, and touches nothing.

Services write what a verb returns, in one transaction; the test double applies it to its memory.
"""
