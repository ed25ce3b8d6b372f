"""Frames: the position of a run as data, its JSON form, and what is still pending in it."""

from stigmer_engine.frames.codec import BrokenTree, decode_tree, encode_tree
from stigmer_engine.frames.frame import (
    UNSET,
    Body,
    BranchFrame,
    CallFrame,
    ChildFrame,
    DoFrame,
    ExtensionFrame,
    ForFrame,
    ForkFrame,
    FunctionFrame,
    Holder,
    TaskFrame,
    Tree,
    TryFrame,
    Unset,
    WaitFrame,
    input_of,
)
from stigmer_engine.frames.pending import open_tasks, shift_times

__all__ = [
    "UNSET",
    "Body",
    "BranchFrame",
    "BrokenTree",
    "CallFrame",
    "ChildFrame",
    "DoFrame",
    "ExtensionFrame",
    "ForFrame",
    "ForkFrame",
    "FunctionFrame",
    "Holder",
    "TaskFrame",
    "Tree",
    "TryFrame",
    "Unset",
    "WaitFrame",
    "decode_tree",
    "encode_tree",
    "input_of",
    "open_tasks",
    "shift_times",
]
