"""Reads a file in many processes, as fast as it can.

usage: hammer.py SECONDS PROCESSES FILE
Prints how often it was read to the end.
"""

import os
import sys
import time

seconds, processes, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
end = time.monotonic() + seconds
results, result = os.pipe()
for _ in range(processes):
    if os.fork() == 0:
        count = 0
        while time.monotonic() < end:
            descriptor = os.open(path, os.O_RDONLY)
            while os.read(descriptor, 65536):
                pass
            os.close(descriptor)
            count += 1
        os.write(result, b"%d\n" % count)
        os._exit(0)
os.close(result)
with os.fdopen(results) as lines:
    print("reads", sum(map(int, lines)))
