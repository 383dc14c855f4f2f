#!/usr/bin/env python3
"""datagrams.py N: sends itself N datagrams of 17 bytes. datagrams.py FILE: shows a capture file."""
import socket
import struct
import sys
import time


def send(n):
    to, out = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    to.bind(('127.0.0.1', 0))
    for i in range(n):
        out.sendto(b'a known payload %d' % i, to.getsockname())


def show(path):
    with open(path, 'rb') as f:
        data = f.read()
    print('head', *struct.unpack('=IHHIIII', data[:24]))
    at = 24
    while at < len(data):
        seconds, _, captured, length = struct.unpack('=IIII', data[at:at + 16])
        now = 'now' if abs(seconds - time.time()) < 600 else 'at another time'
        print('packet', captured, length, data[at + 16:at + 16 + captured][-17:].decode(), now)
        at += 16 + captured


if sys.argv[1].isdigit():
    send(int(sys.argv[1]))
else:
    show(sys.argv[1])
