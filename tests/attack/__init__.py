"""The attack campaign: hostile input, damaged stores, killed processes, equal work at once.

`python -m tests.attack` runs all rows and prints a table; the same seed makes the same attempts.
Everything stays on this machine.
"""
