"""DER as a tree, to change a signature in its structure and still have bytes that a parser walks into."""

from dataclasses import dataclass

from asn1crypto import parser


@dataclass
class Node:
    """A value: its first byte, and its content as bytes or as the values within."""

    tag: int
    content: "bytes | list[Node]"

    def encode(self) -> bytes:
        content = self.content if isinstance(self.content, bytes) else b"".join(node.encode() for node in self.content)
        return bytes(parser.emit(self.tag >> 6, (self.tag >> 5) & 1, self.tag & 0x1F, content))

    def all(self) -> "list[Node]":
        """This node and every one within."""
        within = self.content if isinstance(self.content, list) else []
        return [self, *(found for node in within for found in node.all())]


def parse(data: bytes) -> Node:
    """The tree of one value."""
    (node,) = _parse(data)
    return node


def _parse(data: bytes) -> list[Node]:
    found = []
    while data:
        size, start = data[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[2:start])
        content = data[start : start + size]
        found.append(Node(data[0], _parse(content) if data[0] & 0x20 else content))
        data = data[start + size :]
    return found
