"""Asks the dashboard over HTTPS and says what it answered; runs at a peer or on the host: standard library only.

ask.py 198.51.100.10 CERTIFICATE '[["GET", "/login", {}, ""], …]'     a JSON list of [status, headers, body]

The certificate must be the one that is shown, and for that address.
"""

import http.client
import json
import ssl
import sys

PORT = 8501
TIMEOUT_S = 20.0


def ask(
    address: str, trusted: ssl.SSLContext, method: str, path: str, headers: dict[str, str], body: str
) -> tuple[int, dict[str, str], str]:
    """One request, on a connection of its own."""
    connection = http.client.HTTPSConnection(address, PORT, timeout=TIMEOUT_S, context=trusted)
    try:
        connection.request(method, path, body.encode(), headers)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, told, answer.read().decode(errors="replace")
    finally:
        connection.close()


if __name__ == "__main__":
    there, certificate, asked = sys.argv[1:]
    context = ssl.create_default_context(cafile=certificate)
    print(json.dumps([ask(there, context, *one) for one in json.loads(asked)]))
