"""The API on a laptop: the handlers of the Lambdas behind an emulation of API Gateway.

`server` listens on 127.0.0.1 with uvicorn, `guard` bounds what a client may take, `local` decides
who answers: `gateway` calls a handler with an event as API Gateway would send it, `files` hands out
stored audio by signed links and the page, `uploads` takes files in. `stories` stands in for Step
Functions. It is for one person and their machine: no TLS, no other address.
"""

from mixer.devserver.local import Folders, load_laptop_settings, open_cloud, open_laptop
from mixer.devserver.server import DevServer, catch_signals, serve

__all__ = [
    "DevServer",
    "Folders",
    "catch_signals",
    "load_laptop_settings",
    "open_cloud",
    "open_laptop",
    "serve",
]
