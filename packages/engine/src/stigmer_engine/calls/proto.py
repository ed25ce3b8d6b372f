"""Proto files to descriptors, by protoc in a child process: its input comes from anywhere, and it is native code."""

import asyncio
import base64
import hashlib
import json
import re
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.calls.resource import Fetch, Fetched
from stigmer_engine.faults import Fault, fault

_IMPORT: Final = re.compile(r'(?:^|(?<=[;}]))\s*import\s+(?:public\s+|weak\s+)?"([^"]+)"\s*;', re.MULTILINE)
_COMMENT: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_PLAIN_NAME: Final = re.compile(r"\w[\w.-]*\.proto", re.ASCII)
_BUNDLED: Final = "google/protobuf/"
_KEPT: Final = 64
_SECONDS: Final = 30.0
_SHOWN: Final = 1000
# An import is relative to the root of its tree, which may lie above the folder of the first file.
_ROOTS: Final = ("", "../", "../../", "../../../")


class ProtoReader:
    """Compiles a .proto with what it imports; keeps what it compiled last."""

    def __init__(self, max_imports: int) -> None:
        self._max_imports = max_imports
        self._compiled: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, fetched: Fetched, _arguments: JsonObject, fetch: Fetch) -> JsonObject:
        """`{"uri", "descriptors"}`: a FileDescriptorSet in base64, imports first.

        Raises:
            Fault: `configuration` with what protoc says; what fetching an import raises.
        """
        name = urlsplit(fetched.uri).path.rpartition("/")[2]
        # protoc must not take the name for an option, or for a file of options.
        main = name if _PLAIN_NAME.fullmatch(name) else "main.proto"
        files = {main: fetched.text}
        await self._gather(fetched, files, fetch)
        key = hashlib.sha256(json.dumps([main, files], sort_keys=True).encode()).hexdigest()
        descriptors = self._compiled.get(key)
        if descriptors is None:
            descriptors = self._compiled[key] = base64.b64encode(await compile_protos(files, main)).decode()
            if len(self._compiled) > _KEPT:
                self._compiled.popitem(last=False)
        return {"uri": fetched.uri, "descriptors": descriptors}

    async def _gather(self, main: Fetched, files: dict[str, str], fetch: Fetch) -> None:
        pending = imports_of(main.text)
        roots = list(_ROOTS)
        while pending:
            path = pending.pop(0)
            if path in files or path.startswith(_BUNDLED):
                continue
            if len(files) > self._max_imports:
                raise fault("configuration", "The proto has too many imports", f"more than {self._max_imports}")
            if path.startswith("/") or ".." in path.split("/") or "\\" in path or "://" in path:
                raise fault("configuration", "An import of the proto leaves its folder", path)
            root, found = await _find(main.uri, path, roots, fetch)
            roots.remove(root)
            roots.insert(0, root)
            files[path] = found.text
            pending += imports_of(found.text)


async def _find(base: str, path: str, roots: list[str], fetch: Fetch) -> tuple[str, Fetched]:
    failure: Fault | None = None
    for root in roots:
        try:
            return root, await fetch(urljoin(base, f"{root}{path}"))
        except Fault as error:
            failure = failure or error
    assert failure is not None
    raise fault("configuration", f"The import {path} of the proto cannot be had", failure.error.sentence)


def imports_of(text: str) -> list[str]:
    """The paths that a .proto imports."""
    plain = _COMMENT.sub(lambda match: match.group() if match.group().startswith('"') else " ", text)
    return _IMPORT.findall(plain)


async def compile_protos(files: dict[str, str], main: str) -> bytes:
    """The FileDescriptorSet of `main` and its imports. Raises Fault `configuration` with what protoc says."""
    with tempfile.TemporaryDirectory(prefix="proto-") as name:
        folder = Path(name)
        await asyncio.to_thread(_write, folder, files)
        output = folder / "descriptors.bin"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "grpc_tools.protoc", f"-I{folder / 'protos'}", "--include_imports",
            f"--descriptor_set_out={output}", main,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env={}, cwd=folder,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_SECONDS):
                _, errors = await process.communicate()
        except TimeoutError:
            raise fault("configuration", "The proto takes too long to compile", main) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            text = errors.decode(errors="replace").replace(f"{folder / 'protos'}/", "").strip()
            raise fault("configuration", "The proto does not compile", text[:_SHOWN])
        return await asyncio.to_thread(output.read_bytes)


def _write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        target = folder / "protos" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
