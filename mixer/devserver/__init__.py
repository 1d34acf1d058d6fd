"""The API on a laptop: the very handlers that run in Lambda, behind a small web server.

`listener` speaks HTTP/1.1 on 127.0.0.1, `site` decides who answers: `gateway` calls a handler
with an event as API Gateway would send it, `objects` hands out stored audio by signed links,
`pages` the files of the demo page. `messages` holds what passes between them.

It is for one person and their machine: no TLS, no other address than 127.0.0.1, one thread for
each connection.
"""
