"""A client of conkerd's control socket: a method for each verb of the control protocol.

    from conker import Conkerd

    with Conkerd("/run/conker/conkerd.sock") as daemon:
        report = daemon.strike(target="10.77.0.1:9000", cycles=1000)
        print(report["verdict"], report["why"])
"""

from .connection import CallError, Gone
from .verbs import Conkerd

__all__ = ["CallError", "Conkerd", "Gone"]
