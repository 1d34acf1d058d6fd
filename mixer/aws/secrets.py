"""Reads secrets from AWS Secrets Manager."""


def read_secret(name: str) -> str:
    """A secret, as it is kept.

    Args:
        name: or ARN.
    """
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 3, "mode": "standard"}, read_timeout=5)
    secrets = boto3.client("secretsmanager", config=config)
    return str(secrets.get_secret_value(SecretId=name)["SecretString"])
