"""The HTTP port: the application, its streams and its WebSockets."""

import socket
import ssl
from typing import Final

from stigmer_ports.http_port.server import HttpPort

from stigmer_server.http_port.app import HttpApp

_MESSAGE_BYTES: Final = 64 * 1024


def http_port(app: HttpApp, listener: socket.socket, tls: ssl.SSLContext | None = None) -> HttpPort:
    """The port of an application, to be entered."""
    return HttpPort(
        app.asgi, listener=listener, tls=tls, websocket_bytes=_MESSAGE_BYTES, end_streams=app.stopping.request
    )
