"""What the API offers apart from stories: the music library, the inspection of files."""
