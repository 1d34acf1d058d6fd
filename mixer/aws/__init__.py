"""Services of AWS that only stories need, behind what the steps ask for. boto3 is loaded late."""
