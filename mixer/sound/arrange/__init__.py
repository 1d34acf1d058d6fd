"""What plays when, and how loud. Pure."""
