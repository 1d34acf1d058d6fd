"""The API on a laptop: the Lambdas' handlers behind an emulation of API Gateway.

`server` listens on 127.0.0.1 with uvicorn, `guard` limits clients, `gateway` calls handlers with
API Gateway's events, `files` serves the page and stored audio by signed links, `uploads` receives
files, and `stories` replaces Step Functions. For one user on one machine, or with a token for a
home network: no TLS.
"""

from mixer.devserver.guard import ServerLimits
from mixer.devserver.local import (
    Folders,
    build_token_authorizer,
    load_laptop_settings,
    open_cloud,
    open_laptop,
)
from mixer.devserver.server import DevServer, catch_signals, serve
