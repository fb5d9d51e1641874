"""The resources of a message, and what they refer to: by full URL, by type and id, contained, or named in place.

A reference leads one step and no further, so that a circle of references leads nowhere; sets of observations
(hasMember) are walked once each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rempart.screening.formats.fhir.nodes import Node


class Resources:
    """Every resource of a message, in order."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.all: list[Node] = []
        self._by_name: dict[str, Node] = {}
        if root.kind == "Bundle":
            for entry in root.all_nodes("entry"):
                resource = entry.node("resource")
                if resource is not None:
                    self._add(resource, entry.text("fullUrl"))
        else:
            self._add(root, "")

    def _add(self, resource: Node, url: str) -> None:
        self.all.append(resource)
        identifier = resource.text("id")
        for name in (url, f"{resource.kind}/{identifier}" if identifier else ""):
            if name:
                self._by_name.setdefault(name, resource)
        for inner in resource.all_nodes("contained"):
            if identifier := inner.text("id"):
                self._by_name.setdefault(f"{resource.path}#{identifier}", inner)
            self.all.append(inner)

    def of_kind(self, kind: str) -> Iterator[Node]:
        """The resources of a type, contained ones included."""
        return (one for one in self.all if one.kind == kind)

    def named(self, url: str) -> Node | None:
        """The resource that a full URL, or a type and id, names."""
        return self._by_name.get(url)

    def referred(self, holder: Node, name: str) -> Node | None:
        """The resource that an element of a resource refers to; None when it is not here."""
        reference = holder.node(name)
        return self.followed(holder, reference) if reference is not None else None

    def all_referred(self, holder: Node, name: str) -> Iterator[Node]:
        """The same for an element that repeats."""
        for reference in holder.all_nodes(name):
            if (found := self.followed(holder, reference)) is not None:
                yield found

    def followed(self, holder: Node, reference: Node) -> Node | None:
        """Where a reference leads; one that only names what it means is the thing it names."""
        said = reference.text("reference")
        if said.startswith("#"):
            container = holder.path.partition(".contained[")[0]
            return self._by_name.get(f"{container}{said}")
        if said:
            found = self._by_name.get(said)
            if found is None and "/" in said:  # an absolute address of what is here by type and id
                found = self._by_name.get("/".join(said.split("/_history/", 1)[0].split("/")[-2:]))
            if found is not None:
                return found
        return _named(reference)


def _named(reference: Node) -> Node | None:
    """A reference by identifier or name only, read as what is known of the resource it would lead to."""
    identifier = reference.node("identifier")
    if identifier is None and not reference.words("display"):
        return None
    named: dict[str, Any] = {"resourceType": reference.words("type"), "display": reference.words("display")}
    if identifier is not None:
        named["identifier"] = [identifier.data]
    return Node(named, reference.path, reference.findings)
