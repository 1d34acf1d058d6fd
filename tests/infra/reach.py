"""What a handler may do, read from its source: AWS calls, environment variables.

From the handler's module on, a function is reached when something reached mentions its name, and a
module when something reached imports it. Functions of one name are not distinguished by class: too
much is found rather than too little. What a package's `__init__` re-exports counts as imported from
the module that defines it, and only where it is asked for.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from botocore import xform_name
from botocore.loaders import Loader

from tests.infra.cloudformation import ROOT

SERVICES = (
    "s3",
    "polly",
    "ecr",
    "lambda",
    "sns",
    "secretsmanager",
    "stepfunctions",
    "cloudwatch",
    "events",
)

S3_READ = ("s3:GetObject", "s3:ListBucket")
"""Who may not list is told "forbidden" of what is not there (S3 API, GetObject, Permissions)."""

ACTIONS = {
    "get_object": S3_READ,
    "head_object": S3_READ,
    "download_file": S3_READ,
    "download_fileobj": S3_READ,
    "upload_file": ("s3:PutObject", "s3:AbortMultipartUpload"),
    "upload_fileobj": ("s3:PutObject", "s3:AbortMultipartUpload"),
    "copy_object": ("s3:GetObject", "s3:PutObject"),
    "create_multipart_upload": ("s3:PutObject",),
    "upload_part": ("s3:PutObject",),
    "complete_multipart_upload": ("s3:PutObject",),
    "generate_presigned_post": ("s3:PutObject",),
    "list_objects_v2": ("s3:ListBucket",),
    "list_object_versions": ("s3:ListBucketVersions",),
    "list_multipart_uploads": ("s3:ListBucketMultipartUploads",),
    "delete_objects": ("s3:DeleteObjectVersion",),
    "head_bucket": ("s3:ListBucket",),
    "invoke": ("lambda:InvokeFunction",),
    "start_execution": ("states:StartExecution",),
    "describe_state_machine": ("states:DescribeStateMachine",),
    "describe_execution": ("states:DescribeExecution",),
}
"""Where the permission is not named like the call (Service Authorization Reference)."""

DESCRIBES_ALL = frozenset({"mixer.api.description"})
"""Modules that speak of the whole API without being what answers it."""

ON_LAPTOPS = frozenset({"mixer.compose.laptop", "mixer.sound.render.render_history"})
"""Modules whose objects no Lambda is given, though it imports their types."""

BY_NAME = ("get_paginator", "get_waiter", "generate_presigned_url")
"""Calls that name the real call in a string."""

RECEIVER = re.compile(r"(^|_)(client|s3|polly|ecr|functions|sns|secrets|states|events)$")
"""Whose `publish` or `invoke` is a call to AWS."""

VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


@dataclass(frozen=True, slots=True)
class Reach:
    """What is reached from a handler."""

    modules: frozenset[str]
    actions: frozenset[str]
    variables: frozenset[str]


@cache
def find_source(module: str):
    """The file of one of our modules, or None."""
    path = ROOT / module.replace(".", "/")
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@cache
def trace_reach(module: str, function: str | None = None) -> Reach:
    """What is reached from a module: all that it defines, or one of its functions."""
    return _Search().run(module, function)


class _Search:
    def __init__(self):
        self.modules: dict[str, ast.Module] = {}
        self.defined: dict[str, list[ast.AST]] = {}
        self.wanted: set[str] = set()
        self.seen: list[ast.AST] = []

    def run(self, module, function):
        self._open_module(module)
        self._reach_names({function} if function else _list_functions(self.modules[module]))
        return Reach(
            modules=frozenset(self.modules),
            actions=frozenset(action for node in set(self.seen) for action in _find_actions(node)),
            variables=frozenset(self._find_variables()),
        )

    def _open_module(self, module):
        """Read a module: what it runs when imported is reached, what it defines may be."""
        file = find_source(module)
        if file is None or module in self.modules or module in DESCRIBES_ALL | ON_LAPTOPS:
            return
        parent = module.rpartition(".")[0]
        if parent:
            self._open_module(parent)
        tree = _parse_file(file)
        self.modules[module] = tree
        for node in _list_definitions(tree):
            self.defined.setdefault(node.name, []).append(node)
            if node.name in self.wanted or node.name.startswith("__"):
                self._add_nodes(_list_body(node))
        self._add_nodes(_list_import_nodes(tree))

    def _add_nodes(self, nodes):
        self.seen.extend(nodes)
        for imported in _list_imports(nodes):
            self._open_module(imported)
        self._reach_names(_collect_names(nodes))

    def _reach_names(self, names):
        new = names - self.wanted
        self.wanted |= new
        for name in new:
            for function in self.defined.get(name, []):
                self._add_nodes(_list_body(function))

    def _find_variables(self) -> Iterator[str]:
        """Names of variables in what is reached of modules that know the environment."""
        knowing = {
            id(n) for tree in self.modules.values() if _reads_environ(tree) for n in ast.walk(tree)
        }
        for node in set(self.seen):
            text = _literal_text(node)
            if id(node) in knowing and VARIABLE.fullmatch(text):
                yield text


def _literal_text(node) -> str:
    """The text that a node is; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _parse_call(node) -> tuple[str, str]:
    """The method that a node calls and its first argument, where that is a text."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return "", ""
    return node.func.attr, _literal_text(node.args[0]) if node.args else ""


@cache
def _reads_environ(tree) -> bool:
    return any(name == "environ" for node in ast.walk(tree) for name in _find_names(node)) or any(
        isinstance(node, ast.arg) and node.arg == "environ" for node in ast.walk(tree)
    )


def _list_functions(tree) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@cache
def _parse_file(file) -> ast.Module:
    """A file's tree; the re-exports of a package are marked in it."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    package = ".".join(file.relative_to(ROOT).parent.parts)
    for node in ast.walk(tree) if file.name == "__init__.py" else ():
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{package}."):
            for inner in ast.walk(node):
                inner.is_reexport = True
    return tree


def _is_reexport(node) -> bool:
    return getattr(node, "is_reexport", False)


@cache
def _resolve_export(module: str, name: str) -> str:
    """The module that defines a name, where a package only hands it on."""
    file = find_source(module)
    nodes = ast.walk(_parse_file(file)) if file and file.name == "__init__.py" else ()
    for node in (each for each in nodes if isinstance(each, ast.ImportFrom) and _is_reexport(each)):
        if name in {alias.asname or alias.name for alias in node.names}:
            return _resolve_export(node.module, name)
    return module


def _iterate_import_nodes(node) -> Iterator[ast.AST]:
    """What runs when a module is imported, decorators and defaults included."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            outer = [*child.decorator_list, child.args]
            yield from (inner for part in outer for inner in ast.walk(part))
        else:
            yield child
            yield from _iterate_import_nodes(child)


@cache
def _list_definitions(tree) -> tuple[ast.AST, ...]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return tuple(node for node in ast.walk(tree) if isinstance(node, kinds))


@cache
def _list_body(function) -> tuple[ast.AST, ...]:
    nodes = (node for statement in function.body for node in ast.walk(statement))
    return tuple(node for node in nodes if not _is_reexport(node))


@cache
def _list_import_nodes(tree) -> tuple[ast.AST, ...]:
    return tuple(node for node in _iterate_import_nodes(tree) if not _is_reexport(node))


@cache
def _list_imports(nodes) -> tuple[str, ...]:
    return tuple(imported for node in nodes for imported in _find_imports(node))


@cache
def _collect_names(nodes) -> frozenset[str]:
    return frozenset(name for node in nodes for name in _find_names(node))


def _find_imports(node) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            yield _resolve_export(node.module, alias.name)
            yield f"{node.module}.{alias.name}"


def _find_names(node) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.alias):
        yield node.name


@cache
def _load_operations() -> dict[str, str]:
    """Every call of our services with its permission, such as put_object: s3:PutObject."""
    loader, found = Loader(), {}
    for service in reversed(SERVICES):
        model = loader.load_service_model(service, "service-2")
        found |= {xform_name(name): f"{service}:{name}" for name in model["operations"]}
    return found


def _find_actions(node) -> Iterator[str]:
    method, named = _parse_call(node)
    if method in BY_NAME:
        yield from find_permissions(named)
    if isinstance(node, ast.Attribute) and _is_call_to_aws(node):
        yield from find_permissions(node.attr)


def _is_call_to_aws(node) -> bool:
    known = node.attr in ACTIONS or node.attr in _load_operations()
    return known and ("_" in node.attr or bool(RECEIVER.search(ast.unparse(node.value))))


def find_permissions(call: str) -> tuple[str, ...]:
    """The permissions that a call needs."""
    if call in ACTIONS:
        return ACTIONS[call]
    operation = _load_operations().get(call)
    return (operation,) if operation else ()
