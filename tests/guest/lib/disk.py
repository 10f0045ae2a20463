#!/usr/bin/env python3
"""disk.py FILE: the disk that tests/guest/blockdev.c knows.

16 MiB: a partition table; vda1, sectors 2048 to 6143, in which every word of sector s is s; vda2,
sectors 8192 to 12287, to be written; the rest zeros."""
import struct
import sys

PARTITIONS = [(2048, 4096), (8192, 4096)]

with open(sys.argv[1], "wb") as disk:
    disk.truncate(32768 * 512)
    disk.seek(446)
    for start, sectors in PARTITIONS:
        disk.write(struct.pack("<4xB3xII", 0x83, start, sectors))
    disk.seek(510)
    disk.write(b"\x55\xaa")
    start, sectors = PARTITIONS[0]
    disk.seek(start * 512)
    for sector in range(sectors):
        disk.write(struct.pack("<I", sector) * 128)
