import socket

from stylize.network import why_unreachable


def test_who_answers_and_who_does_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert why_unreachable("127.0.0.1", port, patience_s=10) == ""
    assert "refused" in why_unreachable("127.0.0.1", port, patience_s=10)
