"""What may be recorded, as checked rules: see README.md."""

from ivr.policy.rules import FILE, Policy, PolicyError, Record, Rule, check_policy, load_policy

__all__ = ["FILE", "Policy", "PolicyError", "Record", "Rule", "check_policy", "load_policy"]
