"""What the templates promise the code, and the code needs of the templates, compared both ways.

Each rule takes all templates and returns what is wrong, a sentence each: so a test can break a
template and see the rule notice.
"""

import ast

from tests.infra.cloudformation import ROOT, as_list, resolved, resources, statements
from tests.infra.reach import Reach, reach, source_of

FUNCTION = "AWS::Lambda::Function"
AWAITED = {"app", "polly_handler", "authorizer", "sanitation", "stories"}
"""Modules that the design names; one that is not written yet is compared as far as it can be."""

ENTRIES = ("handler", "story_task")
"""What a command may name in them: what answers, and what takes the steps of stories."""

OPEN_ROUTES = {"GET /openapi.json", "GET /docs"}
RUNTIMES_OWN = ("AWS_", "_X_AMZN_", "_HANDLER", "LAMBDA_")
"""How the variables begin that Lambda sets itself (AWS Lambda guide, environment variables)."""

TRACING = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}


def functions(found):
    """File, name, properties and command of every function."""
    for file, name, properties, _ in resources(found, FUNCTION):
        (command,) = properties["ImageConfig"]["Command"]
        yield file, name, properties, command


def handlers(found):
    """Every command names a handler that exists, and every handler has a function."""
    problems, commanded = [], set()
    for file, name, _, command in functions(found):
        commanded.add(command)
        module, _, function = command.partition(".")
        source = source_of(module)
        if module not in AWAITED or function not in ENTRIES:
            problems.append(f"{file}.{name}: {command} is no handler")
        elif source and not _defines(source, function):
            problems.append(f"{file}.{name}: {source.name} defines no {function}")
    paths = [(path, entry) for path in ROOT.glob("*.py") for entry in ENTRIES]
    written = {f"{path.stem}.{entry}" for path, entry in paths if _defines(path, entry)}
    return problems + [f"{each} has no function" for each in sorted(written - commanded)]


def _defines(path, function):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(n, ast.FunctionDef) and n.name == function for n in tree.body)


def reached(command) -> Reach | None:
    """What a handler does; None while it is not written."""
    module, _, function = command.partition(".")
    return reach(module, function) if source_of(module) else None


def variables(found):
    """A function is given what its code reads, and nothing else."""
    problems, given_somewhere, read_somewhere = [], set(), set()
    for file, name, properties, command in functions(found):
        given = set(properties.get("Environment", {}).get("Variables", {}))
        known = reached(command)
        read = known.variables if known else reach("mixer.settings", "settings").variables
        given_somewhere |= given
        read_somewhere |= {each for each in read if not each.startswith(RUNTIMES_OWN)}
        problems += [f"{file}.{name}: nothing reads {each}" for each in sorted(given - read)]
        if known and "OUTPUT_BUCKET" in read - given:
            problems.append(f"{file}.{name}: OUTPUT_BUCKET is not given")
    missing = sorted(read_somewhere - given_somewhere)
    return problems + [f"no function is given {each}" for each in missing]


def actions(found):
    """A function's role allows the calls that its code makes, and no other."""
    problems = []
    for file, name, properties, command in functions(found):
        known = reached(command)
        if known is None:
            continue
        allowed = _allowed(found[file], properties["Role"]["Fn::GetAtt"][0])
        needed = set(known.actions) | LOGGING
        needed |= TRACING if properties.get("TracingConfig") == {"Mode": "Active"} else set()
        needed |= {"sqs:SendMessage"} if "DeadLetterConfig" in properties else set()
        problems += [f"{file}.{name} may not {each}" for each in sorted(needed - allowed)]
        problems += [f"{file}.{name} never needs {each}" for each in sorted(allowed - needed)]
    return problems


def _allowed(template, role):
    policies = statements(template["Resources"][role]["Properties"])
    return {a for one in policies if one["Effect"] == "Allow" for a in as_list(one["Action"])}


def folders(found):
    """What a role may write lies where the code says it writes."""
    problems = []
    for file, name, properties, command in functions(found):
        role = found[file]["Resources"][properties["Role"]["Fn::GetAtt"][0]]["Properties"]
        for one in statements(role):
            if one["Effect"] == "Allow" and "s3:PutObject" in as_list(one["Action"]):
                for arn in as_list(resolved(one["Resource"], found[file])):
                    folder = arn.partition("/")[2].removesuffix("*")
                    if reached(command) and not _mentions(command, folder):
                        problems.append(f"{file}.{name} may write {folder}, which no code names")
    return problems


def _mentions(command, folder):
    sources = filter(None, map(source_of, reached(command).modules))
    return any(f'"{folder}"' in source.read_text(encoding="utf-8") for source in sources)


def routes(found):
    """Every route leads to the function whose code answers it, and every answer has a route."""
    problems, written = [], set()
    targets = _integrations(found)
    keys = [(p["RouteKey"], file, p) for file, _, p, _ in resources(found, _ROUTE)]
    for key, file, properties in keys:
        command = targets[file, properties["Target"]["Fn::Sub"]]
        known = reached(command)
        if known and key not in known.routes:
            problems.append(f"{command} does not answer {key}")
        if properties["AuthorizationType"] == "NONE" and key not in OPEN_ROUTES:
            problems.append(f"{key} is open to everybody")
    for _, _, _, command in functions(found):
        known = reached(command)
        written |= known.routes if known else set()
    served = [key for key, _, _ in keys]
    problems += [f"{key} is routed twice" for key in set(served) if served.count(key) > 1]
    return problems + [f"no route leads to {key}" for key in sorted(written - set(served))]


_ROUTE = "AWS::ApiGatewayV2::Route"


def _integrations(found):
    """The command behind every integration, by file and target."""
    commands = {(file, name): command for file, name, _, command in functions(found)}
    return {
        (file, f"integrations/${{{name}}}"): commands[file, p["IntegrationUri"]["Fn::GetAtt"][0]]
        for file, name, p, _ in resources(found, "AWS::ApiGatewayV2::Integration")
    }


RULES = (handlers, variables, actions, folders, routes)
