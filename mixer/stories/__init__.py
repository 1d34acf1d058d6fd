"""Narrates stories asynchronously, as steps of many processes that share only a store.

    plan → synthesize, per batch → lay_out → render, per group of segments
         → join → publish → notify

A state machine calls the steps in the cloud, `workflow` on a laptop. Each step makes only what is
missing from the story's folder (`folder`), so it can be repeated at any time.
"""
