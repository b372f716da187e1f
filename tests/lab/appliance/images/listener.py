"""Stands where Grafana or pgAdmin would: Debian has no package of either, so there is somebody who answers, no more.

listener.py NAME PORT
"""

import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener(BaseHTTPRequestHandler):
    """Answers every request with what it stands for."""

    def do_GET(self) -> None:
        """200, whatever is asked for."""
        text = f"stand-in for {sys.argv[1]}, of the laboratory\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Server(ThreadingHTTPServer):
    """On IPv4 and IPv6."""

    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        """Both, whatever the system's default is."""
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


if __name__ == "__main__":
    Server(("::", int(sys.argv[2])), Listener).serve_forever()
