"""Real processes and scripted servers that the tests talk to.

    process      start a program in a clean environment, wait for it, stop it
    plays        what the scripted model says, step by step
    garbled      tool calls as models get them wrong
    faults       how the scripted upstream misbehaves when asked to
    error_answers    what it refuses with, in the words of many servers
    wire         what a wire format is made of: requests, answers, state handed out
    NAME_wire    a step written in a format, whole or streamed: chat, responses, gemini, ollama, messages
    NAME_check   the protocol faults that a request in a format can hold
    scripted     the scripted upstream: every format on one loopback port
    targets      a config for each format that a gateway can reach it by
    gateway      the gateway itself, started with a config text
    tiny_llama   a real llama.cpp server with a tiny random model
    claude_code  the real Claude Code command line
    claude_plays plays carried out by it, and what they have to leave behind

Everything listens on and talks to loopback only. `claude_code` installs the client once through npm.
"""
