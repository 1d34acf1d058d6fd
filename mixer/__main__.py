"""`python -m mixer` is `mixer`."""

from mixer.cli import main

main()
