"""The records that every client is asked to send. Samples.cs makes the same ones; a change here belongs there too."""

START = 1_700_000_000_000


def few():
    """Each kind of null, of emptiness and of header, and timestamps that go back."""
    return [
        (START, b"key", b"value", []),
        (START + 1, None, b"no key", [("one", b"1")]),
        (START - 1000, b"no value", None, [("repeated", b"first"), ("repeated", b"second"), ("repeated", b"first")]),
        (START + 86_400_000, b"", b"", [("", b""), ("unicode-\u00fc\u4e16", bytes(range(256)))]),
        (START + 2, None, None, []),
        (START + 3, bytes(300), bytes([255]) * 20_000, []),
    ]


def run():
    """100 KB that repeat themselves near and far, in more than one block of any codec."""
    return [(START + 10 * i, b"key-%d" % (i % 7), text(i), []) for i in range(400)]


def text(i):
    return b"%d: " % i + b"the quick brown fox jumps over the lazy dog; " * (1 + i % 9) + b"%d" % (i * i)


SETS = {"few": few(), "run": run()}

if __name__ == "__main__":
    # For kcat: key|value, a line each.
    for _, key, value, _ in run():
        print(key.decode(), value.decode(), sep="|")
