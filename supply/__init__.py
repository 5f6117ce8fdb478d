"""What the gateway is installed from: locks, their audit, and a bill of materials. Not in the wheel.

    python -m supply lock      write the locks anew (`make lock`); needs the package index
    python -m supply check     whether locks and pyproject.toml agree
    python -m supply audit     what is locked: hashes, licences, numbers, known weaknesses (`make audit`)
    python -m supply sbom      a bill of materials in CycloneDX's form (`make sbom`)

All but the first work from files alone. `policy` says what is allowed, `locks` reads, `agreement`, `closure`,
`advisories` and `licences` judge, `sbom` writes. `make run` and `make test` install from the locks alone,
and pip takes no file whose hash is not in them.
"""
