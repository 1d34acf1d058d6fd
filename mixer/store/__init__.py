"""Where everything is kept: the object store protocol and its adapters."""
