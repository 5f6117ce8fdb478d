"""A call that is not valid as it came: name, text, calls, repair, gate. No IO.

Imported with the first such call (see `judging`): the repairs and their tables take longer to import
than all that a valid call needs.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from gateway import json_text
from gateway.correction import names, shapes
from gateway.correction.catalog import ToolCatalog
from gateway.correction.draft import Draft
from gateway.correction.quirks import Quirk
from gateway.correction.reading import Reading, Truncated, read
from gateway.correction.result import Call, Correction, Form, Repair, Rule
from gateway.correction.schema import MAX_DEPTH, Schema, Uncheckable, clipped, is_too_deep
from gateway.correction.stages import repair

MAX_ERRORS = 10
"""Sentences about one call."""


@dataclass(slots=True)
class Attempt:
    """A call that is not valid as it came."""

    name: str
    arguments: str
    catalog: ToolCatalog
    cut_off: bool
    quirks: frozenset[Quirk]
    split: bool
    form: Form = "object"
    complaint: str = ""
    """What is wrong with the text."""

    def correction(self) -> Correction:
        """The verdict; raises `Uncheckable`."""
        self._look()
        found = self.catalog.candidates(self.name)
        tool = found[0] if len(found) == 1 else None
        schema = self.catalog.schema(tool) if tool is not None else None
        reading = self._reading(tool, schema)
        if reading is None:
            return self._refused(found, ())
        if tool is not None and schema is not None:
            plans = shapes.plans(reading.values, tool, schema, self.catalog)
        else:
            plans = shapes.joint(self.name, reading.values, self.catalog)
        outcomes = [self._outcome(plan, reading, alone=len(plans) == 1) for plan in plans]
        good = [outcome for outcome in outcomes if isinstance(outcome, Correction)]
        if len(good) == 1:
            return good[0]
        if good:
            return self._refused(found, ("The arguments may be understood in two ways.",))
        wrong = outcomes[-1] if outcomes else ()
        return self._refused(found, wrong if isinstance(wrong, tuple) else ())

    def _refused(self, found: Sequence[str], errors: Sequence[str]) -> Correction:
        said = [self.complaint] if self.complaint else []
        if (self.name,) != tuple(found):
            said.insert(0, names.unknown(self.name, self.catalog.names, found))
        said += errors
        return Correction(
            "invalid", self.name, self.arguments, errors=tuple(said[:MAX_ERRORS]), form=self.form
        )

    # -- the text -------------------------------------------------------------------------------

    def _look(self) -> None:
        """Says what the text is, if it is no object; raises `Uncheckable` for one that is too deep."""
        if not self.arguments.strip():
            return
        try:
            value = json_text.decode(self.arguments)
        except json_text.NotJSON as error:
            self.form, self.complaint = "broken", f"The arguments are not JSON: {error}."
            return
        if is_too_deep(self.arguments, value):
            raise Uncheckable(f"The arguments are more than {MAX_DEPTH} levels deep.")
        if not isinstance(value, dict):
            self.form = "other"
            self.complaint = f"The arguments are {json_text.kind_of(value)}, not an object."

    def _reading(self, tool: str | None, schema: Schema | None) -> Reading | None:
        keys = schema.keys if schema is not None else frozenset[str]()
        if tool is not None:
            keys |= self.catalog.tables.aliases_of(tool).keys()
        try:
            reading = read(self.arguments, keys)
        except Truncated:
            reading = None
        except json_text.NotJSON as error:
            self.complaint = self.complaint or f"The arguments are not JSON: {error}."
            return None
        if reading is None or (reading.unclosed and self.cut_off):
            self.form = "truncated"
            self.complaint = "The arguments are not JSON: they end before they are complete."
            return None
        return reading

    # -- the calls ------------------------------------------------------------------------------

    def _outcome(
        self, plan: shapes.Plan, reading: Reading, *, alone: bool
    ) -> Correction | tuple[str, ...]:
        """The corrected calls of a plan, or what is wrong with them."""
        if len(plan.calls) > 1 and not self.split:
            return (f"The arguments hold {len(plan.calls)} calls.",)
        drafts: list[Draft] = []
        for tool, value in plan.calls:
            own = value if alone else copy.deepcopy(value)
            schema = self.catalog.schema(tool)
            draft = Draft(tool, schema, self.catalog.tables, own, spellings=reading.spellings)
            if errors := repair(draft, self.quirks):
                return errors
            drafts.append(draft)
        return self._repaired(plan, reading, drafts)

    def _repaired(self, plan: shapes.Plan, reading: Reading, drafts: Sequence[Draft]) -> Correction:
        tool = drafts[0].tool
        receipts = [Repair(tool, "parse", "", note) for note in reading.notes]
        if self.form != "object" and not (receipts or plan.what):
            receipts.append(Repair(tool, "parse", "", "text that is no object"))
        if plan.what:
            rule: Rule = "split" if len(drafts) > 1 else "unwrap"
            receipts.append(Repair(tool, rule, "", plan.what))
        receipts += [receipt for draft in drafts for receipt in draft.repairs]
        if receipts:
            calls = [Call(d.tool, json_text.encode_text(d.value)) for d in drafts]
        else:
            calls = [Call(tool, self.arguments)]
        if self.name not in {draft.tool for draft in drafts}:
            receipts.insert(0, Repair(tool, "name", "", clipped(self.name), tool))
        first, *more = calls
        return Correction(
            "repaired" if receipts else "valid",
            first.name,
            first.arguments,
            tuple(receipts),
            more=tuple(more),
            form=self.form,
            closed=reading.unclosed,
        )
