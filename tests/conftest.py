"""What holds for every test: the same examples each time, and no stopwatch on them."""

from hypothesis import settings

# Speed is measured in bench/, beside something fair; on a busy machine a deadline only guesses.
settings.register_profile("mixer", deadline=None, derandomize=True)
settings.load_profile("mixer")
