"""The supervisor of one process: a stand-alone script, started by `supervised.py`, importing nothing of ours.

    request (fd 0):  length, then JSON: argv, env, directory, script, stdin, limits, namespaces
    reply (fd 1):    length, then JSON: reason, code, stdout, stderr (sizes); then both texts

Fd 0 stays open as long as somebody wants the process: at its end, be it that the runner was killed, everything here
is killed. What the process starts cannot get away: in a PID namespace the kernel ends all of it with its first
process; without one, orphans of whatever generation become children of this script, which kills until none is left.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import struct
import time
from pathlib import Path
from typing import Any, NoReturn

SIZE = struct.Struct(">I")
_POLL_SECONDS = 0.05
_GIVE_UP_SECONDS = 10.0
_MOST = 4096  # processes that are looked at in one go: where they come and go quickly, there is no end to them
_CHUNK = 1 << 16
_FILES = 256  # more than this script ever has open
_SIGNALED = 128
_FAILED_TO_START, _ENDED = b"E", b"S"

# linux/prctl.h, linux/sched.h, linux/capability.h, sys/mount.h
_PDEATHSIG, _DUMPABLE, _CAPBSET_DROP, _SUBREAPER, _NO_NEW_PRIVS, _CAP_AMBIENT = 1, 4, 24, 36, 38, 47
_NEWNS, _NEWIPC, _NEWUSER, _NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
_CAPABILITY_VERSION_3 = 0x20080522
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 1 << 14, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


class Stop(Exception):
    """The process must end: `time`, `cpu`, `memory`, `output`, `processes`, `gone` (nobody wants it), `start`."""


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


# --- namespaces ---------------------------------------------------------------------------------------------------


def _enter_namespaces() -> None:
    """Make the next child the first process of a PID namespace, under the same user id."""
    user, group = os.geteuid(), os.getegid()
    _checked(_libc.unshare(_NEWUSER | _NEWPID | _NEWIPC))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _mount_proc() -> None:
    """A /proc that shows the processes of this namespace only."""
    _checked(_libc.unshare(_NEWNS))
    _checked(_libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None))
    _checked(_libc.mount(b"proc", b"/proc", b"proc", ctypes.c_ulong(_MS_NOSUID | _MS_NODEV | _MS_NOEXEC), None))


def _namespaces_work() -> bool:
    """Try it all in a child: half-way in there would be no way back."""
    probe = os.fork()
    if probe == 0:
        with contextlib.suppress(BaseException):
            _enter_namespaces()
            first = os.fork()
            if first == 0:
                with contextlib.suppress(BaseException):
                    _mount_proc()
                    os._exit(0)
                os._exit(1)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(probe, 0)[1]) == 0


# --- the process itself -------------------------------------------------------------------------------------------


def _drop_capabilities() -> None:
    """For a runner that is root: what it starts has no power over other users' processes and files."""
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            for capability in range(64):
                _prctl(_CAPBSET_DROP, capability)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)))
    with contextlib.suppress(OSError):
        _prctl(_CAP_AMBIENT, 4)  # PR_CAP_AMBIENT_CLEAR_ALL
    _prctl(_NO_NEW_PRIVS, 1)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (bound, bound))


def _set_limits(limits: dict[str, Any], other_tasks: int) -> None:
    cpu = max(1, -(-int(limits["cpu_seconds"] * 1000) // 1000))
    _limit(resource.RLIMIT_CPU, cpu + 1)
    _limit(resource.RLIMIT_DATA, limits["memory_bytes"])
    _limit(resource.RLIMIT_NOFILE, limits["open_files"])
    _limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    _limit(resource.RLIMIT_CORE, 0)
    # One more than allowed, so that too many are seen and named.
    _limit(resource.RLIMIT_NPROC, other_tasks + limits["tasks"] + 1)


def _become(request: dict[str, Any], files: tuple[int, int, int], report: int, other_tasks: int) -> NoReturn:
    """Turn this child into the process."""
    try:
        os.setsid()
        _prctl(_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for target, source in enumerate(files):
            os.dup2(source, target)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
        os.umask(0o077)
        os.chdir(Path(request["directory"]) / "work")
        _set_limits(request["limits"], other_tasks)
        _drop_capabilities()
        os.execve(request["argv"][0], request["argv"], request["env"])  # noqa: S606 - this is what it is for
    except BaseException as error:
        why = error.errno if isinstance(error, OSError) and error.errno else 0
        with contextlib.suppress(OSError):
            os.write(report, _FAILED_TO_START + SIZE.pack(why))
    os._exit(127)


def _first_process(request: dict[str, Any], files: tuple[int, int, int], report: int) -> NoReturn:
    """The first process of a PID namespace: buries the orphans, and takes everybody along when the process ends."""
    _prctl(_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _mount_proc()
    process = os.fork()
    if process == 0:
        _become(request, files, report, 2)
    os.closerange(0, report)
    os.closerange(report + 1, _FILES)
    while True:
        pid, status = os.wait()
        if pid == process:
            os.write(report, _ENDED + SIZE.pack(status))
            os._exit(0)


def _tasks_of_user() -> int:
    """How many processes and threads this user has: they count against its limit too."""
    found = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == os.getuid():
                    found += len(os.listdir(f"/proc/{entry.name}/task"))
    return found


# --- watching -----------------------------------------------------------------------------------------------------


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def _below(pid: int) -> list[int]:
    """Everything that comes from a process, parents first."""
    found = _children(pid)
    for child in found:
        if len(found) > _MOST:
            break
        found += _children(child)
    return found


def _group(pid: int) -> int:
    with contextlib.suppress(OSError):
        return os.getpgid(pid)
    return 0


def _measure(pid: int) -> tuple[int, float, int]:
    """Tasks, seconds of processor time and bytes in memory of one process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0, 0.0, 0
    ticks = sum(map(int, stat[11:15]))
    return int(stat[17]), ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE")


def _proportional(pid: int) -> int:
    """Bytes in memory, those shared with other processes divided among them."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return _measure(pid)[2]


class Supervisor:
    """Runs the process to its end, or to that of its limits."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self._limits = request["limits"]
        self._isolated = request["namespaces"] != "off" and _namespaces_work()
        if request["namespaces"] == "require" and not self._isolated:
            raise Stop("namespaces")
        self._wake, wake_up = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._texts = (bytearray(), bytearray())
        self._status: int | None = None
        self._root = 0

    def run(self) -> tuple[int, tuple[bytearray, bytearray]]:
        """The exit code and the outputs. Raises Stop."""
        stdin = self._request["stdin"]
        read_in, write_in = os.pipe2(os.O_CLOEXEC) if stdin is not None else (os.open(os.devnull, os.O_RDONLY), None)
        (read_out, write_out), (read_err, write_err) = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
        read_report, report = os.pipe2(os.O_CLOEXEC)
        try:
            self._start((read_in, write_out, write_err), report)
            for file in (read_in, write_out, write_err, report):
                os.close(file)
            self._watch(write_in, stdin.encode(errors="replace") if stdin is not None else b"", (read_out, read_err))
        finally:
            self._kill()
        for index, file in enumerate((read_out, read_err)):
            self._read_rest(index, file)
        return self._exit_code(os.read(read_report, 1 + SIZE.size)), self._texts

    def _start(self, files: tuple[int, int, int], report: int) -> None:
        if self._isolated:
            _enter_namespaces()
        else:
            _prctl(_SUBREAPER, 1)
        other_tasks = 0 if self._isolated else _tasks_of_user()
        # What this script knows, secrets among it, is none of the process's business.
        _prctl(_DUMPABLE, 0)
        self._root = os.fork()
        if self._root == 0:
            signal.set_wakeup_fd(-1)
            with contextlib.suppress(BaseException):
                if self._isolated:
                    _first_process(self._request, files, report)
                _become(self._request, files, report, other_tasks)
            os._exit(127)

    def _watch(self, write_in: int | None, stdin: bytes, outputs: tuple[int, int]) -> None:
        deadline = time.monotonic() + self._limits["wall_seconds"]
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        for file in outputs:
            poll.register(file, select.POLLIN)
        if write_in is not None:
            os.set_blocking(write_in, False)
            poll.register(write_in, select.POLLOUT)
        view = memoryview(stdin)
        measured = 0.0
        while self._status is None:
            for file, _event in poll.poll(_POLL_SECONDS * 1000):
                if file == 0:
                    raise Stop("gone")
                if file == write_in:
                    view = self._feed(write_in, view, poll)
                elif file in outputs and not self._collect(outputs.index(file), file):
                    poll.unregister(file)
            self._bury()
            now = time.monotonic()
            if now >= deadline:
                raise Stop("time")
            if now - measured >= _POLL_SECONDS:
                measured = now
                self._measure_all()

    @staticmethod
    def _feed(file: int, view: memoryview, poll: select.poll) -> memoryview:
        with contextlib.suppress(BlockingIOError):
            try:
                view = view[os.write(file, view[:_CHUNK]) :] if view else view
            except BrokenPipeError:
                view = view[:0]
            if not view:
                poll.unregister(file)
                os.close(file)
        return view

    def _collect(self, index: int, file: int) -> bool:
        chunk = os.read(file, _CHUNK)
        self._texts[index].extend(chunk)
        if sum(map(len, self._texts)) > self._limits["output_bytes"]:
            raise Stop("output")
        return bool(chunk)

    def _read_rest(self, index: int, file: int) -> None:
        os.set_blocking(file, False)
        with contextlib.suppress(BlockingIOError):
            while self._collect(index, file):
                pass

    def _bury(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, _CHUNK)
        with contextlib.suppress(ChildProcessError):
            for _ in range(_MOST):
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self._root:
                    self._status = status

    def _measure_all(self) -> None:
        below = _below(os.getpid())
        measures = [_measure(pid) for pid in below]
        if sum(tasks for tasks, _, _ in measures) - self._isolated > self._limits["tasks"]:
            raise Stop("processes")
        buried = resource.getrusage(resource.RUSAGE_CHILDREN)
        if sum(cpu for _, cpu, _ in measures) + buried.ru_utime + buried.ru_stime > self._limits["cpu_seconds"]:
            raise Stop("cpu")
        limit = self._limits["memory_bytes"]
        if sum(size for _, _, size in measures) > limit and sum(map(_proportional, below)) > limit:
            raise Stop("memory")

    def _kill(self) -> None:
        """End everything; returns when it has ended."""
        give_up = time.monotonic() + _GIVE_UP_SECONDS
        while time.monotonic() < give_up:
            below = _below(os.getpid())
            # A whole group dies at once, however fast its members start others; what has left it dies one by one.
            for group in {_group(pid) for pid in below} - {os.getpgrp(), 0}:
                with contextlib.suppress(OSError):
                    os.killpg(group, signal.SIGKILL)
            for pid in below:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            self._bury()
            if not _children(os.getpid()):
                return
            select.select([self._wake], [], [], 0.01)

    def _exit_code(self, report: bytes) -> int:
        if report[:1] == _FAILED_TO_START:
            raise Stop(f"start: {os.strerror(SIZE.unpack(report[1:])[0])}")
        assert self._status is not None
        status: int = SIZE.unpack(report[1:])[0] if report[:1] == _ENDED else self._status
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGXCPU:
            raise Stop("cpu")
        # What ended by a signal has the exit code that shells give it.
        return code if code >= 0 else _SIGNALED - code


# --- the conversation ---------------------------------------------------------------------------------------------


def _read_exactly(size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = os.read(0, min(size - len(data), 1 << 20))
        if not chunk:
            os._exit(0)
        data += chunk
    return bytes(data)


def _prepare(request: dict[str, Any]) -> None:
    directory = Path(request["directory"])
    directory.mkdir(mode=0o700)
    (directory / "work").mkdir(mode=0o700)
    if request["script"] is not None:
        name, text = request["script"]
        (directory / name).write_text(text, encoding="utf-8", errors="replace")


def remove(directory: str) -> None:
    """Remove the directory, whatever the process made of it."""
    for parent, folders, _files in os.walk(directory):
        for folder in folders:
            path = Path(parent, folder)
            # What a link points to is not ours to open.
            if not path.is_symlink():
                with contextlib.suppress(OSError):
                    path.chmod(0o700)
    shutil.rmtree(directory, ignore_errors=True)


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise Stop("gone")


def main() -> None:
    """Serve one request."""
    request = json.loads(_read_exactly(SIZE.unpack(_read_exactly(SIZE.size))[0]))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _interrupted)
    reason, code, texts = "", 0, (bytearray(), bytearray())
    try:
        _prepare(request)
        code, texts = Supervisor(request).run()
    except Stop as stop:
        reason = str(stop)
    except OSError as error:
        reason = f"start: {error.strerror}"
    finally:
        remove(request["directory"])
    head = json.dumps({"reason": reason, "code": code, "stdout": len(texts[0]), "stderr": len(texts[1])}).encode()
    view = memoryview(SIZE.pack(len(head)) + head + bytes(texts[0]) + bytes(texts[1]))
    with contextlib.suppress(OSError):
        while view:
            view = view[os.write(1, view) :]


if __name__ == "__main__":
    main()
