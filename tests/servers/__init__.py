"""Real processes and scripted servers that the tests talk to.

    process      start a program in a clean environment, wait for it, stop it
    plays        what the scripted model says, step by step
    faults       how the scripted upstream misbehaves when asked to
    chat_check   the protocol faults that a chat completions request can hold
    chat_wire    a step written as chat completions, whole or streamed
    messages_wire    a step written as Anthropic messages, whole or streamed
    scripted     the scripted upstream: both formats on one loopback port
    gateway      the gateway itself, started with a config text
    tiny_llama   a real llama.cpp server with a tiny random model
    claude_code  the real Claude Code command line

Everything listens on and talks to loopback only. `claude_code` installs the client once through npm.
"""
