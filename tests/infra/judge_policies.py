"""Has parliament judge every policy of the templates: `make judges` runs it in its environment.

Policies are resolved first, as CloudFormation would. What parliament finds is printed, and the
exit code says whether there was anything.
"""

import json
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from tests.infra.cloudformation import list_resources, load_templates, resolve_references

warnings.simplefilter("ignore")  # parliament's own, about the package it is installed by

JUSTIFIED = {
    ("PollySpeechAPI.SpeechRole", "RESOURCE_STAR"),
    # parliament's tables know executions of express machines alone; these are of a standard one.
    ("StoryStack.StoryRole", "RESOURCE_MISMATCH"),
    ("StoryStack.StoryMachineRole", "RESOURCE_MISMATCH"),
    ("MixerInfraStack.BuildRole", "RESOURCE_STAR"),
    ("MixerInfraStack.DeployPolicy", "RESOURCE_STAR"),
    # Newer than parliament's tables: lambda:GetFunctionScalingConfig, PutFunctionScalingConfig.
    ("MixerInfraStack.DeployPolicy", "UNKNOWN_ACTION"),
    ("MixerInfraStack.OperatorRole", "RESOURCE_STAR"),
    # CloudFormation makes the page's bucket and its policy with this role.
    ("MixerInfraStack.OperatorRole", "RESOURCE_POLICY_PRIVILEGE_ESCALATION"),
    ("MixerInfraStack.PipelineRole", "RESOURCE_MISMATCH"),
}
"""Exceptions by role and finding; each is explained beside its statement in the template."""


def list_policies() -> Iterator[tuple[str, Any]]:
    """Every policy of a role, by where it stands; parliament knows no policies of resources."""
    for file, name, properties, template in list_resources(load_templates()):
        kind = template["Resources"][name]["Type"]
        documents = [one["PolicyDocument"] for one in properties.get("Policies", [])]
        if kind in {"AWS::IAM::Policy", "AWS::IAM::RolePolicy"}:
            documents = [properties["PolicyDocument"]]
        for document in documents:
            yield f"{file}.{name}", resolve_references(document, template)


def main() -> int:
    """Print what was found; 1 when there was anything."""
    from parliament import analyze_policy_string, enhance_finding

    judged, problems = 0, []
    for where, policy in list_policies():
        judged += 1
        for finding in analyze_policy_string(json.dumps(policy)).findings:
            known = enhance_finding(finding)
            if (where, known.issue) not in JUSTIFIED:
                problems.append(f"{where}: {known.issue} {known.detail or known.title}")
    sys.stdout.write(
        "\n".join([*problems, f"{judged} policies judged, {len(problems)} findings\n"])
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
