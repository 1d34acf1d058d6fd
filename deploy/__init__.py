"""From an empty account to a working service, and back: `make deploy`, `make destroy`.

The stages, in order (`deployment.py`):

1. `preflight`: who is asking, and which of the account's quotas matter;
2. `change_sets`: a stack is changed by a change set that was shown and agreed to;
3. `image`: the committed source goes to the build project, which pushes the image;
4. `change_sets` again, for every stack that runs the image, by its digest;
5. `page`: the demo page's files; `callers`: the first token, shown once.

`stacks.py` lists the stacks; `removal.py` takes all of it away again; `smoke.py` narrates a
sentence with what was deployed and measures it. Nothing here runs in Lambda. The price of doing it
with boto3 rather than with a deployment framework is this package; what it buys is that a user
needs nothing but Python and credentials.
"""
