"""Working days, and who has how many of them for what: rule sets and calendars are data, deadlines follow from them.

Pure: no graph, no clock of its own, no procedure. What is not known, be it the working days of a year or a rule for a
duty, is an error that says so and never a guess.
"""

from gateway.rules.calendar import Calendar, CalendarFault, UnknownYear, load_calendar
from gateway.rules.deadline import SHANGHAI, Clock, Deadline, Escalation, day_of, deadline_of, escalates_at
from gateway.rules.rulebook import Duty, NoRule, Rule, RuleBook, RuleFault, load_rules, parse_rules

__all__ = [
    "SHANGHAI",
    "Calendar",
    "CalendarFault",
    "Clock",
    "Deadline",
    "Duty",
    "Escalation",
    "NoRule",
    "Rule",
    "RuleBook",
    "RuleFault",
    "UnknownYear",
    "day_of",
    "deadline_of",
    "escalates_at",
    "load_calendar",
    "load_rules",
    "parse_rules",
]
