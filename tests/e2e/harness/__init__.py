"""The harness of the end-to-end tests: namespaces, daemons, conkerctl and kernel peers, all of
them cleaned up."""

from .board import Board
from .conkerd import Conkerd, unix_link
from .ctl import VERDICTS, Ctl, Result, accused_of, broken_rules
from .dnsmasq import Dnsmasq
from .expect import Failure, check, eventually, same
from .field import Field
from .namespaces import Namespace
from .processes import Process, readable
from .registry import Case, test
from .scene import Binaries, Scene
from .transfer import transfer

__all__ = [
    "Binaries", "Board", "Case", "Conkerd", "Ctl", "Dnsmasq", "Failure",
    "Field", "Namespace", "Process", "Result", "Scene", "VERDICTS",
    "accused_of", "broken_rules", "check", "eventually", "readable", "same", "test",
    "transfer", "unix_link",
]
