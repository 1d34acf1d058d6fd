"""Why a deployment does not go on."""


class DeploymentError(Exception):
    """One sentence that says what happened, to what, and what to do."""
