"""The gateway's own benchmark: what a request costs, beside what it has to cost at least.

    python -m bench run        every case, every system; writes RESULTS.md and the plots
    python -m bench guard      a short run that fails when a ratio to the floor is too large
    python -m bench profile    where the microseconds of each hot path go; writes PROFILE.md
    python -m bench soak       mixed load for long; fails when memory grows beyond a bound

`answers` is what the upstream says, `upstream` says it, `conversations` are the requests, `load` sends
them and `verify` looks at every answer. `floor` is the least that a translator in Python does; `systems`
are what is measured, `machine` runs and reads processes, `cases` and `goals` are tables, `measure`
interleaves the rounds, `report` and `svg` show them.

What is compared is CPU time of the processes, in the same run, not seconds on somebody's machine: a busy
neighbour changes the seconds, but hardly the ratio between two systems that take turns. Linux only.
"""
