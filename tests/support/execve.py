"""Runs a program with exactly the strings of an environment that are given, also twice the same
name: `execve.py '["A=1", "A=2"]' program argument...`."""

import ctypes
import json
import os
import sys

strings = [text.encode() for text in json.loads(sys.argv[1])]
arguments = [os.fsencode(text) for text in sys.argv[2:]]
libc = ctypes.CDLL(None, use_errno=True)
libc.execve(
    arguments[0],
    (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None),
    (ctypes.c_char_p * (len(strings) + 1))(*strings, None),
)
sys.exit(f"execve: {os.strerror(ctypes.get_errno())}")
