"""What a user gets, pinned from outside: files, answers and exit codes, before and after a change.

Nothing here imports `mixer`: it is run as a command and asked over HTTP, so the pins hold whatever
is renamed or moved inside. Sentences, option names and help texts are not pinned.

    python -m tests.characterisation record     # after a change of behaviour that is meant
    python -m tests.characterisation compare

The price: bytes of audio depend on the machine's processor, so they are compared only on machines
that make the same sound as the one that recorded (see `machine`); everything else always is.
"""
