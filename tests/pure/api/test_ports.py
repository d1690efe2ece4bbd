"""Who holds a port, asked of the real kernel."""

import os
import socket

from api.ports import port_holder


def test_a_listening_process_is_named_and_a_free_port_is_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert port_holder(port) is None  # bound, but nobody listens
        listener.listen()
        holder = port_holder(port)
        assert holder is not None
        assert holder.pid == os.getpid()
        assert str(os.getpid()) in str(holder)
    assert port_holder(port) is None


def test_a_listener_on_ipv6_counts() -> None:
    with socket.socket(socket.AF_INET6) as listener:
        listener.bind(("::1", 0))
        listener.listen()
        assert port_holder(listener.getsockname()[1]) is not None
