"""What a command or a request does from start to end: the rooms' steps in their order.

`planning` and `mixing` hold the steps that all ways of asking share, `production` hands values from
one room to the next. `story` tells stories; `synthesis` and `assembly` answer the two endpoints,
with `fetching` for their files and `spending` for their caps.
"""
