"""Errors of a deployment."""


class DeploymentError(Exception):
    """One sentence on what happened, to what, and what to do."""
