"""Bytes from one socket to another, compared."""

import hashlib
import socket
import threading

from .expect import same


def transfer(sender: socket.socket, receiver: socket.socket, data: bytes) -> None:
    """Sends data and half-closes; the test fails unless the receiver reads the same to the end."""
    def send() -> None:
        sender.sendall(data)
        sender.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    digest = hashlib.sha256()
    while part := receiver.recv(1 << 20):
        digest.update(part)
    thread.join()
    same(digest.hexdigest(), hashlib.sha256(data).hexdigest(), f"hash of {len(data)} bytes")
