"""The rules that keep the code readable, measured on the source with `ast` alone.

`python -m tests.infra.house_rules` prints one line for each rule and fails where an enforced one
is broken; `python -m tests.infra.house_rules mixer/sound` lists what stands in that folder.
"""
