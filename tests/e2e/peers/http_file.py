"""A small HTTP server: GET gives a file, POST answers the SHA-256 of what was posted.

    http_file.py ADDRESS PORT FILE
"""

import hashlib
import http.server
import os
import sys

PIECE = 1 << 20


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        path = sys.argv[3]
        self.send_response(200)
        self.send_header("Content-Length", str(os.path.getsize(path)))
        self.end_headers()
        with open(path, "rb") as file:
            self.connection.sendfile(file)

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        digest = hashlib.sha256()
        left = int(self.headers["Content-Length"])
        while left > 0 and (piece := self.rfile.read(min(left, PIECE))):
            digest.update(piece)
            left -= len(piece)
        answer = digest.hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024


if __name__ == "__main__":
    with Server((sys.argv[1], int(sys.argv[2])), Handler) as server:
        print("listening", flush=True)
        server.serve_forever()
