"""Throws what nobody would send at the gateway, for as long as it is told. Not in the wheel.

    python -m fuzz --seconds 600 [NAME ...]     all of them, or those that are named (`make fuzz`)

`entrances` are where bytes of others come in, each with a law that holds for any bytes; coverage guides
what is tried there (`guided`). `wire` writes to a socket of a running gateway, `api` asks one by its OpenAPI
document. What broke something stands in `.cache/fuzz`, and once it is mended, in the tests as an example.
"""
