"""The programme: which vaccine, for whom, when. FHIR PlanDefinition and ImmunizationRecommendation; WHO "schedule".

A country pack brings vaccines, priority groups, and dated rules; `decide` is the one judge of every dose, a pure
function from facts and a wish to a decision with its reason. Owns the tables `vaccine`, `programme`, `programme_rule`
and `exemption`.
"""

from opencowin.programme.announcing import RuleWish, announce_rule, draft_rule, groups_to_announce
from opencowin.programme.case import is_in_group
from opencowin.programme.eligibility import decide, next_due
from opencowin.programme.facts import Decision, DoseGiven, Due, Exemption, Facts, Reason, Wish
from opencowin.programme.model import (
    AgeBasis,
    DatedRule,
    ExemptionKind,
    Group,
    Opening,
    Programme,
    Step,
    Vaccine,
)
from opencowin.programme.pack import read_programme
from opencowin.programme.refusals import (
    AlreadyVaccinated,
    BirthDateNeeded,
    DifferentVaccine,
    ExemptionDatesReversed,
    ExemptionReasonMissing,
    FullyVaccinated,
    IntervalTooShort,
    NoSuchExemption,
    NotEligible,
    NotInProgramme,
    NotYetOpen,
    ProgrammeNotLoaded,
    RuleInvalid,
    RuleRetroactive,
    RuleUnexplained,
    TooOld,
    TooYoung,
    VaccineNotForAge,
    WrongDoseNumber,
    refuse,
    refuse_unless_eligible,
)
from opencowin.programme.rehearsing import Affected, Changed, affected, rehearse
from opencowin.programme.service import (
    ExemptionGrant,
    current_programme,
    exemptions_of,
    grant_exemption,
    load_programme,
    move_exemptions,
)
from opencowin.programme.standing import coming, standing

__all__ = [
    "Affected",
    "AgeBasis",
    "AlreadyVaccinated",
    "BirthDateNeeded",
    "Changed",
    "DatedRule",
    "Decision",
    "DifferentVaccine",
    "DoseGiven",
    "Due",
    "Exemption",
    "ExemptionDatesReversed",
    "ExemptionGrant",
    "ExemptionKind",
    "ExemptionReasonMissing",
    "Facts",
    "FullyVaccinated",
    "Group",
    "IntervalTooShort",
    "NoSuchExemption",
    "NotEligible",
    "NotInProgramme",
    "NotYetOpen",
    "Opening",
    "Programme",
    "ProgrammeNotLoaded",
    "Reason",
    "RuleInvalid",
    "RuleRetroactive",
    "RuleUnexplained",
    "RuleWish",
    "Step",
    "TooOld",
    "TooYoung",
    "Vaccine",
    "VaccineNotForAge",
    "Wish",
    "WrongDoseNumber",
    "affected",
    "announce_rule",
    "coming",
    "current_programme",
    "decide",
    "draft_rule",
    "exemptions_of",
    "grant_exemption",
    "groups_to_announce",
    "is_in_group",
    "load_programme",
    "move_exemptions",
    "next_due",
    "read_programme",
    "refuse",
    "refuse_unless_eligible",
    "rehearse",
    "standing",
]
