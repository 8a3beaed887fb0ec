"""LLVM IR as text, and expressions over lanes that write it."""
