"""The interpreter: one run of one document on a tree of frames, behind the runtime port."""
