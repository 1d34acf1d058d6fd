"""From an empty account to a working service, and back: `make deploy`, `make destroy`.

The stages (`deployment.py`): `preflight` checks credentials and quotas; `change_sets` deploys
stacks with consent; `image` builds the committed source in the cloud; the stacks that run the image
follow, by its digest; `page` publishes the demo page, and `callers` creates the first token.
`stacks.py` lists the stacks, `removal.py` deletes all, `smoke.py` tests a deployment. Nothing here
runs in Lambda. Built on boto3 so that users need only Python and credentials.
"""
