"""Containers and codecs: one module for each."""
