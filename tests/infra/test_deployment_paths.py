"""Person, pipeline, person, removal: CloudFormation's stored role and exports in use, simulated."""

from copy import deepcopy

import pytest

from deploy import change_sets
from deploy.change_sets import StackSpec
from deploy.errors import DeploymentError
from deploy.terminal import Terminal
from tests.infra.cloudformation import as_list, load_templates
from tests.infra.permissions.deployment import ExampleDeployment
from tests.infra.permissions.service_calls import NEVER_TOUCHED, ONLY_READ

DEPLOYMENT = ExampleDeployment()
OPERATOR, PIPELINE = (
    DEPLOYMENT.arn("MixerInfraStack", each) for each in ("OperatorRole", "DeployRole")
)


def list_allowed_actions(role):
    """What CloudFormation may do with a role; everything without one, as a person."""
    (found,) = (
        each for each in DEPLOYMENT.list_roles() if role == DEPLOYMENT.arn(*each.name.split("."))
    )
    statements = (one for policy in found.policies.values() for one in policy)
    return {action for one in statements for action in as_list(one["Action"])}


class StoredRoles:
    """CloudFormation as far as roles go: it keeps the last one, and it cannot be taken away.

    A change of a permission needs `iam:PutRolePolicy`, a removal `iam:DeleteRole`.
    """

    def __init__(self):
        self.stacks, self.roles = {}, {OPERATOR, PIPELINE}
        self.status = "UPDATE_COMPLETE"
        self._wanted = {}

    def describe_stacks(self, StackName):  # noqa: N803 - boto3's name
        status = self.status if StackName in self.stacks else "DELETE_COMPLETE"
        return {"Stacks": [{"StackName": StackName, "StackStatus": status}]}

    def create_change_set(self, StackName, ChangeSetType, **more):  # noqa: N803 - boto3's name
        assert (ChangeSetType == "CREATE") == (StackName not in self.stacks)
        self._wanted[StackName] = more.get("RoleARN", self.stacks.get(StackName, ""))
        return {"Id": "change"}

    def describe_change_set(self, **_):
        return {"Status": "CREATE_COMPLETE"}

    def get_paginator(self, _):
        return self

    def paginate(self, **_):
        return [{"Changes": []}]

    def execute_change_set(self, StackName, **_):  # noqa: N803 - boto3's name
        self._use(StackName, self._wanted[StackName], "iam:PutRolePolicy")

    def delete_stack(self, StackName, RoleARN=None):  # noqa: N803 - boto3's name
        self._use(StackName, RoleARN or self.stacks.get(StackName, ""), "iam:DeleteRole")
        del self.stacks[StackName]

    def _use(self, stack, role, action):
        if role and role not in self.roles:
            raise DeploymentError(f"Role {role} is invalid or cannot be assumed")
        self.stacks[stack] = role
        if role and action not in list_allowed_actions(role):
            raise DeploymentError(f"{role} may not {action}")


class PublishedVersions:
    """Versions of a function, as Lambda and CloudFormation treat them.

    Lambda publishes nothing that equals the last version, which CloudFormation then rejects as
    another's (Lambda API reference, PublishVersion; aws-sam-cli and serverless issues).
    """

    def __init__(self, policy):
        self.policy, self.published = policy, ["sha256:a"]

    def deploy(self, digest, *, is_rolled_back=False):
        if self.published[-1] == digest:
            raise DeploymentError(f"A version for this Lambda function exists ({digest}).")
        self.published.append(digest)
        if is_rolled_back and self.policy != "Retain":
            self.published.pop()


TERMINAL = Terminal(lambda _: None, lambda _: True, sleep=lambda _: None)


def deploy(formation, role):
    change_sets.deploy_stack(formation, StackSpec("mixer-app", {}, set(), {}, role), TERMINAL)


def run_pipeline(formation):
    """The pipeline leaves its role with the stack; it does not change permissions."""
    formation.stacks["mixer-app"] = PIPELINE


def test_person_deploys_permissions_after_the_pipeline_and_removes_everything():
    formation = StoredRoles()
    deploy(formation, OPERATOR)
    run_pipeline(formation)
    deploy(formation, OPERATOR)
    run_pipeline(formation)
    formation.delete_stack("mixer-app", **change_sets.choose_role(OPERATOR))
    assert formation.stacks == {}


@pytest.mark.parametrize("last", [deploy, lambda formation, _: formation.delete_stack("mixer-app")])
def test_without_a_role_the_pipelines_would_be_used(last):
    formation = StoredRoles()
    deploy(formation, OPERATOR)
    run_pipeline(formation)
    with pytest.raises(DeploymentError, match="may not iam:"):
        last(formation, "")


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("UPDATE_ROLLBACK_FAILED", "continue its rollback in the console"),
        ("DELETE_FAILED", "run make destroy first"),
    ],
)
def test_stack_that_cannot_be_updated_comes_with_advice(status, advice):
    formation = StoredRoles()
    deploy(formation, OPERATOR)
    formation.status = status
    with pytest.raises(DeploymentError, match=f"{status}.*{advice}"):
        deploy(formation, OPERATOR)


def test_lost_roles_are_replaced_by_the_one_that_is_given():
    formation = StoredRoles()
    deploy(formation, OPERATOR)
    formation.roles = set()
    with pytest.raises(DeploymentError, match="cannot be assumed"):
        formation.delete_stack("mixer-app")
    rescue = OPERATOR
    formation.roles = {rescue}
    formation.delete_stack("mixer-app", **change_sets.choose_role(rescue))
    assert formation.stacks == {}


def test_new_image_changes_nothing_that_the_pipeline_may_not():
    changed = {
        DEPLOYMENT.templates[file]["Resources"][name]["Type"]
        for file, name in DEPLOYMENT.list_image_changes()
    }
    assert "AWS::Lambda::Version" in changed
    assert changed.isdisjoint(ONLY_READ | NEVER_TOUCHED)


VERSIONS = {
    name: each
    for name, each in load_templates()["StoryStack"]["Resources"].items()
    if each["Type"] == "AWS::Lambda::Version"
}


@pytest.mark.parametrize("version", VERSIONS)
def test_digest_whose_deployment_was_rolled_back_is_deployed_again(version):
    versions = PublishedVersions(VERSIONS[version]["DeletionPolicy"])
    versions.deploy("sha256:b", is_rolled_back=True)
    versions.deploy("sha256:b")
    assert versions.published == ["sha256:a", "sha256:b"]


def test_retained_version_would_be_in_the_way_after_a_rollback():
    versions = PublishedVersions("Retain")
    versions.deploy("sha256:b", is_rolled_back=True)
    with pytest.raises(DeploymentError, match="exists"):
        versions.deploy("sha256:b")


def test_roles_of_cloudformation_exist_without_a_pipeline():
    resources = load_templates()["MixerInfraStack"]["Resources"]
    assert all("Condition" not in resources[each] for each in ("OperatorRole", "DeployRole"))


def test_tokens_can_be_turned_off_and_on_without_losing_an_export():
    exports = []
    for mode in ("token", "none", "token"):
        templates = deepcopy(load_templates())
        for template in templates.values():
            if "AuthMode" in template["Parameters"]:
                template["Parameters"]["AuthMode"]["Default"] = mode
        exports.append(set(ExampleDeployment(templates).exports))
    assert exports[0] == exports[1] == exports[2]
    assert any(each.endswith("-AuthorizerId") for each in exports[0])
