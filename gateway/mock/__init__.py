"""A provider that misbehaves on request: `gateway mock` plays what goes wrong out there, offline.

    asked      what a request asks for, read off any wire format         pure
    said       what the model says to it                                 pure
    wires      that, written in each wire format, whole or in pieces     pure
    http1      the bytes around it                                       pure
    requests   a client's request, read off its bytes                    pure
    scene      one answer about to be played: said, in a format, framed  pure
    plays      what goes wrong, as scripts of acts                       pure
    scenario   one thing that goes wrong, and what a client gets         pure
    scenarios  the table of them                                         pure
    plan       which request meets which scenario                        pure
    reference  the scenarios as people read them                         pure
    server     plays the scripts on sockets                              IO

A scenario is asked for by its name, as the model of a request or for all requests. Each one is a test of
the gateway too (`tests/faults`), so what is said of it in the documents is what was seen.
"""
