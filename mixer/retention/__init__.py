"""Keeping buckets and image repositories tidy without deleting what somebody needs."""
