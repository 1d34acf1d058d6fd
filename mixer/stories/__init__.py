"""A story told asynchronously, step by step, by many processes that share nothing but a store.

The steps are functions from an event to a small answer; what they read and leave lies in the
story's folder (`folder`). In the cloud a state machine calls them one by one, on a laptop `running`
does, in the same order:

    plan → synthesize, a batch at a time → lay_out → render, a group of segments at a time
         → join → publish → notify

Each looks first at what is there, and makes only what is missing; so any of them may be called
again at any time. `desk` begins, watches and cancels stories, `state` tells how far one is.

The price: everything between two steps is written down and read again.
"""
