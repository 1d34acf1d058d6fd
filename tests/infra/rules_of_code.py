"""What the templates promise the code, and the code needs of the templates, compared both ways.

Each rule takes all templates and returns what is wrong, a sentence each: so a test can break a
template and see the rule notice.
"""

import ast
from functools import cache

from mixer.api import (
    build_mix_endpoint,
    build_speech_endpoint,
    build_story_endpoint,
)
from mixer.api.endpoints import build_preview_endpoint
from mixer.compose import AwsServices
from mixer.settings import load_settings
from tests.infra.cloudformation import (
    ROOT,
    as_list,
    list_resources,
    list_statements,
    resolve_references,
)
from tests.infra.reach import Reach, find_source, trace_reach

FUNCTION = "AWS::Lambda::Function"
AWAITED = {"app", "polly_handler", "authorizer", "sanitation", "stories"}
"""Modules that the design names; one that is not written yet is compared as far as it can be."""

ENTRIES = ("handler", "story_task")
"""What a command may name in them: what answers, and what takes the steps of stories."""

OPEN_ROUTES = {
    *("GET /openapi.json", "GET /docs"),
    *("GET /feed/{key}/{name}", "HEAD /feed/{key}/{name}"),  # the key is the permission
    "GET /stories/{story_id}/{listening}",  # links with a signature
}
RUNTIMES_OWN = ("AWS_", "_X_AMZN_", "_HANDLER", "LAMBDA_", "LD_LIBRARY_PATH")
"""How the variables begin that Lambda sets itself (AWS Lambda guide, environment variables)."""

SET_BY_THE_PROCESS = {"OPENBLAS_NUM_THREADS", "C2PA_LIBRARY_NAME"}
"""Variables of libraries, which the code sets before it loads them."""

TRACING = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}


def list_functions(found):
    """File, name, properties and command of every function."""
    for file, name, properties, _ in list_resources(found, FUNCTION):
        (command,) = properties["ImageConfig"]["Command"]
        yield file, name, properties, command


def check_handlers(found):
    """Every command names a handler that exists, and every handler has a function."""
    problems, commanded = [], set()
    for file, name, _, command in list_functions(found):
        commanded.add(command)
        module, _, function = command.partition(".")
        source = find_source(module)
        if module not in AWAITED or function not in ENTRIES:
            problems.append(f"{file}.{name}: {command} is no handler")
        elif source and not _defines_function(source, function):
            problems.append(f"{file}.{name}: {source.name} defines no {function}")
    paths = [(path, entry) for path in ROOT.glob("*.py") for entry in ENTRIES]
    written = {f"{path.stem}.{entry}" for path, entry in paths if _defines_function(path, entry)}
    return problems + [f"{each} has no function" for each in sorted(written - commanded)]


def _defines_function(path, function):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(n, ast.FunctionDef) and n.name == function for n in tree.body)


def find_reach(command) -> Reach | None:
    """What a handler does; None while it is not written."""
    module, _, function = command.partition(".")
    return trace_reach(module, function) if find_source(module) else None


def check_variables(found):
    """A function is given what its code reads, and nothing else."""
    problems, given_somewhere, read_somewhere = [], set(), set()
    for file, name, properties, command in list_functions(found):
        given = set(properties.get("Environment", {}).get("Variables", {}))
        known = find_reach(command)
        read = known.variables if known else trace_reach("mixer.settings", "settings").variables
        given_somewhere |= given
        read_somewhere |= {each for each in read if not each.startswith(RUNTIMES_OWN)}
        problems += [f"{file}.{name}: nothing reads {each}" for each in sorted(given - read)]
        if known and "OUTPUT_BUCKET" in read - given:
            problems.append(f"{file}.{name}: OUTPUT_BUCKET is not given")
    missing = sorted(read_somewhere - given_somewhere - SET_BY_THE_PROCESS)
    return problems + [f"no function is given {each}" for each in missing]


def check_actions(found):
    """A function's role allows nothing that its code cannot reach; `make permissions` the rest."""
    problems = []
    for file, name, properties, command in list_functions(found):
        known = find_reach(command)
        if known is None:
            continue
        allowed = _list_allowed_actions(found[file], properties["Role"]["Fn::GetAtt"][0])
        needed = set(known.actions) | LOGGING
        needed |= TRACING if properties.get("TracingConfig") == {"Mode": "Active"} else set()
        needed |= {"sqs:SendMessage"} if "DeadLetterConfig" in properties else set()
        problems += [f"{file}.{name} never needs {each}" for each in sorted(allowed - needed)]
    return problems


def _list_allowed_actions(template, role):
    policies = list_statements(template["Resources"][role]["Properties"])
    return {a for one in policies if one["Effect"] == "Allow" for a in as_list(one["Action"])}


def check_folders(found):
    """What a role may write lies where the code says it writes."""
    problems = []
    for file, name, properties, command in list_functions(found):
        role = found[file]["Resources"][properties["Role"]["Fn::GetAtt"][0]]["Properties"]
        for one in list_statements(role):
            if one["Effect"] == "Allow" and "s3:PutObject" in as_list(one["Action"]):
                for arn in as_list(resolve_references(one["Resource"], found[file])):
                    folder = arn.partition("/")[2].removesuffix("*")
                    if find_reach(command) and not _mentions_folder(command, folder):
                        problems.append(f"{file}.{name} may write {folder}, which no code names")
    return problems


def _mentions_folder(command, folder):
    sources = filter(None, map(find_source, find_reach(command).modules))
    return any(f'"{folder}"' in source.read_text(encoding="utf-8") for source in sources)


ENDPOINTS = {
    "app.handler": build_mix_endpoint,
    "app.story_task": build_preview_endpoint,
    "polly_handler.handler": build_speech_endpoint,
    "stories.handler": build_story_endpoint,
}
"""What builds the routes of each function that answers HTTP."""


@cache
def list_answered_routes(command) -> frozenset[str]:
    """The routes that a function answers; empty for one that answers no HTTP."""
    if command not in ENDPOINTS:
        return frozenset()
    services = AwsServices(settings=load_settings({"OUTPUT_BUCKET": "bucket"}))
    api = ENDPOINTS[command](services).api
    routes = (*api._static_routes, *api._dynamic_routes)
    return frozenset(
        f"{route.method} {route.path.replace('<', '{').replace('>', '}')}" for route in routes
    )


def check_routes(found):
    """Every route leads to the function whose code answers it, and every answer has a route."""
    problems, answered = [], set()
    targets = _find_integrations(found)
    keys = [(p["RouteKey"], file, p) for file, _, p, _ in list_resources(found, _ROUTE)]
    for key, file, properties in keys:
        command = targets[file, properties["Target"]["Fn::Sub"]]
        if key not in list_answered_routes(command):
            problems.append(f"{command} does not answer {key}")
        if properties["AuthorizationType"] == "NONE" and key not in OPEN_ROUTES:
            problems.append(f"{key} is open to everybody")
    for _, _, _, command in list_functions(found):
        answered |= list_answered_routes(command)
    served = [key for key, _, _ in keys]
    problems += [f"{key} is routed twice" for key in set(served) if served.count(key) > 1]
    return problems + [f"no route leads to {key}" for key in sorted(answered - set(served))]


_ROUTE = "AWS::ApiGatewayV2::Route"


def _find_integrations(found):
    """The command behind every integration, by file and target."""
    commands = {(file, name): command for file, name, _, command in list_functions(found)}
    return {
        (file, f"integrations/${{{name}}}"): commands[file, p["IntegrationUri"]["Fn::GetAtt"][0]]
        for file, name, p, _ in list_resources(found, "AWS::ApiGatewayV2::Integration")
    }


RULES = (check_handlers, check_variables, check_actions, check_folders, check_routes)
