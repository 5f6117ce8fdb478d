"""The conformance kit: what of the Messages API works with one target, and what to change where not.

    case       what a case is: requests, a check of their answers, what helps when it fails
    asking     the requests, in few words
    checks     what answers have to look like
    legality   the order of an event stream
    material   images, documents and schemas to ask about
    cases/     the table of cases, by group
    remedies   the config's keys, by what they put right
    judge      answers to a result
    runner     asks a target through the gateway's own exchange: the only part with IO
    report     results for people and programs

To add a case: one entry in a table under `cases/`.
"""

from gateway.conformance.case import Case, Result, Subject
from gateway.conformance.cases import CASES, chosen, cost
from gateway.conformance.report import render_json, render_list
from gateway.conformance.runner import Runner, subject_of

__all__ = [
    "CASES",
    "Case",
    "Result",
    "Runner",
    "Subject",
    "chosen",
    "cost",
    "render_json",
    "render_list",
    "subject_of",
]
