from migrator.downloader.deadline import Deadline, Timed


class Peer:
    """A socket that notes how long it may wait."""

    def __init__(self):
        self.limits = []

    def settimeout(self, seconds):
        self.limits.append(seconds)

    def recv(self, most):
        return b"x" * most

    def fileno(self):
        return 3

    def close(self):
        pass


def test_a_socket_waits_less_when_time_gets_short_and_is_not_told_twice():
    clock = [0.0]
    deadline, peer = Deadline(lambda: clock[0]), Peer()
    deadline.start(40)
    timed = Timed(peer, deadline, 15)
    for clock[0] in (0.0, 10.0, 30.0, 39.0):
        timed.recv(1)
    assert peer.limits == [15, 10, 1]
