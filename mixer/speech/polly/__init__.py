"""Amazon Polly: its engines and voices, its refusals, and the quota that all calls keep."""
