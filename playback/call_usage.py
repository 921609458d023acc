"""Which code makes which vendor call, read from the code itself.

A list kept by hand would be right on the day it was written. This one is the syntax trees of ``playback`` and
``members``: every mention of a client's method outside the vendor package, by module and function. A client is what is
annotated ``VendorClient``, what a function gives that is annotated to return one, and what is called ``client``.

What the trees cannot tell (a method called on something that is none of these, or fetched by a computed name) is
reported as doubtful; a test holds that there is none, so that a new style of use fails instead of going unseen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playback.vendor.endpoints import ENDPOINTS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("playback", "members")
_LEFT_OUT = ("playback/vendor/", "playback/sandbox/", "/migrations/")
_CLIENT = "VendorClient"


@dataclass(frozen=True, order=True)
class Use:
    """One mention. ``place`` is module and function: ``playback.operations.publish.Publish.apply``."""

    call: str
    place: str
    line: int = field(compare=False)


@dataclass
class Usage:
    uses: list[Use] = field(default_factory=list)
    doubtful: list[Use] = field(default_factory=list)

    def places(self, call: str) -> list[str]:
        return sorted({use.place for use in self.uses if use.call == call})


def scan(root: Path = ROOT, packages: Iterable[str] = PACKAGES) -> Usage:
    """Read all modules below the packages. Takes some 0.3 s; for commands and tests, not for pages."""
    modules = {module: ast.parse(path.read_bytes()) for module, path in _modules(root, packages)}
    makers = {
        node.name
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and _is_client_type(node.returns)
    }
    usage = Usage()
    for module, tree in modules.items():
        _Reader(module, makers, _clients_of(tree, makers), _imported(tree), usage).visit(tree)
    usage.uses = sorted(set(usage.uses))
    return usage


def _modules(root: Path, packages: Iterable[str]) -> Iterator[tuple[str, Path]]:
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if not any(part in name for part in _LEFT_OUT):
                yield name.removesuffix(".py").removesuffix("/__init__").replace("/", "."), path


def _clients_of(tree: ast.AST, makers: set[str]) -> set[str]:
    """Names (of variables, parameters and attributes) that hold a client somewhere in the module."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and _is_client_type(node.annotation):
            names.add(node.arg)
        elif isinstance(node, ast.AnnAssign) and _is_client_type(node.annotation):
            names.add(_last_name(node.target))
        elif isinstance(node, ast.Assign) and _is_made(node.value, makers):
            names.update(_last_name(target) for target in node.targets)
        elif isinstance(node, ast.NamedExpr | ast.withitem):
            value, target = (
                (node.value, node.target)
                if isinstance(node, ast.NamedExpr)
                else (node.context_expr, node.optional_vars)
            )
            if target is not None and _is_made(value, makers):
                names.add(_last_name(target))
    return names - {""}


def _imported(tree: ast.AST) -> set[str]:
    """Names that are modules, classes or functions of others: a function of the same name there is no call's method."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}


def _is_client_type(annotation: ast.expr | None) -> bool:
    return annotation is not None and _CLIENT in ast.unparse(annotation)


def _is_made(value: ast.expr, makers: set[str]) -> bool:
    return isinstance(value, ast.Call) and _last_name(value.func) in makers | {_CLIENT}


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


class _Reader(ast.NodeVisitor):
    def __init__(self, module: str, makers: set[str], clients: set[str], imported: set[str], usage: Usage) -> None:
        self.where = [module]
        self.makers = makers
        self.clients = clients | {"client"}
        self.imported = imported
        self.usage = usage

    def _inside(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.where.append(node.name)
        self.generic_visit(node)
        self.where.pop()

    visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _inside  # noqa: N815

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in ENDPOINTS and self._is_client(node.value):
            self.usage.uses.append(self._use(node.attr, node))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func
        if (
            isinstance(called, ast.Attribute)
            and called.attr in ENDPOINTS
            and not self._is_client(called.value)
            and not (isinstance(called.value, ast.Name) and called.value.id in self.imported)
        ):
            self.usage.doubtful.append(self._use(called.attr, node))
        if isinstance(called, ast.Name) and called.id == "getattr" and node.args and self._is_client(node.args[0]):
            self.usage.doubtful.append(self._use("?", node))
        self.generic_visit(node)

    def _is_client(self, node: ast.expr) -> bool:
        return _last_name(node) in self.clients or _is_made(node, self.makers)

    def _use(self, call: str, node: ast.expr) -> Use:
        return Use(call, ".".join(self.where), node.lineno)
