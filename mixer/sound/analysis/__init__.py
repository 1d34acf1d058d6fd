"""What a recording or a finished file measures, and whether that keeps the rules."""
