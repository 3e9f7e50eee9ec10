"""A session with a terminal of its own, for tests: this process leads it, a child runs in it.

Commands come as lines of JSON, and each is answered by one. Text goes as Latin-1, so that it
is bytes. Only Python's standard library.
"""

import errno
import fcntl
import json
import os
import pty
import select
import signal
import sys
import termios
import time

LIMIT = float(os.environ.get("SECUREMEMORY_TEST_SLOWDOWN", "1")) * 30

os.setsid()
# Else it would stop when it gives the terminal to the child.
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

# What came from the terminal, the child's standard output, and its standard error.
read = {"terminal": b"", "stdout": b"", "stderr": b""}
sources = {master: "terminal"}
child = 0
ended = None


def start(argv, environment, background=False, alone=False, terminal=False):
    """Runs a program in a process group of its own; `alone`: in a session without a terminal."""
    global child
    before = modes()
    pipes = {name: os.pipe() for name in ("stdout", "stderr")}
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid() if alone else os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.close(go)
        os.read(ready, 1)
        os.dup2(slave if terminal else os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(pipes["stdout"][1], 1)
        os.dup2(pipes["stderr"][1], 2)
        os.closerange(3, 256)
        os.execvpe(argv[0], argv, environment)
    for name, (out, into) in pipes.items():
        os.close(into)
        sources[out] = name
    if not alone:
        try:
            os.setpgid(child, child)
        except PermissionError:
            pass
        os.tcsetpgrp(slave, os.getpgrp() if background else child)
    os.close(ready)
    os.close(go)
    return {"pid": child, "before": before}


def pump(timeout):
    """Takes what has come. Whoever does not read a terminal stops who writes to it."""
    for source in select.select(list(sources), [], [], timeout)[0]:
        try:
            data = os.read(source, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        read[sources[source]] += data
        if not data:
            del sources[source]


def until(found, what):
    end = time.monotonic() + LIMIT
    while not found():
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} after {LIMIT} s; there is {read}")
        pump(0.05)


def expect(text, source="terminal"):
    """Waits for text; what is up to its end is not looked at again."""
    wanted = text.encode("latin1")
    until(lambda: wanted in read[source], repr(text))
    at = read[source].index(wanted) + len(wanted)
    before, read[source] = read[source][:at], read[source][at:]
    return {"text": before.decode("latin1")}


def send(text):
    os.write(master, text.encode("latin1"))
    return {}


def insist(text, wanted):
    """Types again and again until the child has printed a word: what comes too early is dropped."""
    def found():
        if wanted.encode("latin1") in read["stdout"]:
            return True
        send(text)
        return False

    until(found, repr(wanted))
    return expect(wanted, "stdout")


def modes():
    """All that tcgetattr(3) gives, and the flags that matter by name."""
    now = termios.tcgetattr(slave)
    flags = {name.lower(): bool(now[3] & getattr(termios, name)) for name in ("ECHO", "ICANON", "ISIG")}
    return {**flags, "all": repr(now)}


def raise_signal(name):
    os.kill(child, getattr(signal, name))
    return {}


def look():
    """Whether the child ended, or was stopped since."""
    global ended
    if ended is None:
        pid, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
        if pid != 0 and os.WIFSTOPPED(status):
            return signal.Signals(os.WSTOPSIG(status)).name
        if pid != 0:
            ended = status
    return None if ended is None else "end"


def wait(stop=False):
    seen = []

    def found():
        seen.append(look())
        return seen[-1] == "end" or (stop and seen[-1] is not None)

    until(found, "stop" if stop else "end")
    if seen[-1] != "end":
        return {"stopped": seen[-1]}
    for _ in range(5):
        pump(0.02)
    signalled = os.WIFSIGNALED(ended)
    return {
        "status": None if signalled else os.WEXITSTATUS(ended),
        "signal": signal.Signals(os.WTERMSIG(ended)).name if signalled else None,
        **{name: text.decode("latin1") for name, text in read.items()},
    }


def foreground(own=False):
    """Gives the terminal to the child, or takes it."""
    os.tcsetpgrp(slave, os.getpgrp() if own else child)
    return {}


def pause(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pump(0.02)
    return {}


COMMANDS = (start, expect, send, insist, modes, raise_signal, wait, foreground, pause)
commands = {command.__name__: command for command in COMMANDS}
try:
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = commands[name](**arguments)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
finally:
    if child != 0 and ended is None:
        os.kill(child, signal.SIGKILL)
