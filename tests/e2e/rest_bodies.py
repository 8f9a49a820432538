"""Bodies for every operation of TR 4.1.6: a good one, and one for each error category that a body can cause."""

import rest_world
from rest_world import SCRIPT, UNKNOWN, Form, World

UPLOADS = {"ElfAnd": "elf", "PersoScriptAnd": "script", "CertAnd": "cert"}


def upload_kind(operation: str) -> str | None:
    return next((kind for name, kind in UPLOADS.items() if name in operation), None)


def upload_content(world: World, kind: str) -> bytes:
    return {"elf": world.files.cap, "script": SCRIPT, "cert": world.files.certificate}[kind]


def sent_content(world: World, operation: str) -> bytes:
    """What a good form of the operation holds: a PUT replaces what a World has by something else."""
    kind = upload_kind(operation)
    if operation.startswith("create"):
        return upload_content(world, kind)
    return {"elf": world.files.longer_cap, "script": SCRIPT + b"\n", "cert": world.files.certificate + b"\n"}[kind]


def entity_bodies(w: World) -> dict:
    """A good body for each POST of an entity; a PUT takes the same, but for a Version."""
    i = w.ids
    return {
        "Service": {"name": "S", "spParameters": {"k": "v"}, "accessAuthorizedDeviceApps": ["A" * 40]},
        "Flavor": {"name": "F", "applicationInstantiationConfigs": [
            {"executableModuleId": i["emId"], "applicationConfigId": i["applicationConfigId"]}]},
        "Version": {"tag": "2.0.0", "allowedDeployments": {i["flavorId"]: [i["scpId"]]}},
        "AppConfig": {"instanceAid": next(rest_world.APPLICATION_AIDS), "installConfig": {}},
        "SposConfig": {"url": "https://spos.example/x", "certificateId": i["certificateId"]},
    }


def good_body(w: World, operation: str):
    kind = upload_kind(operation)
    if kind:
        return Form([(f"{kind}-filename", None, b"name.bin"), (f"{kind}-file", "x", sent_content(w, operation))])
    for prefix in ("create", "modify"):
        body = entity_bodies(w).get(operation.removeprefix(prefix)) if operation.startswith(prefix) else None
        if body:
            changed = {"tag": "1.0.0", "allowedDeployments": {w.ids["flavorId"]: []}}
            return changed if operation == "modifyVersion" else body
    i = w.ids
    single = (lambda flavor: flavor) if w.dialect == "1.0.4" else (lambda flavor: [flavor])  # AMB-051
    return {
        "linkElfs": [i["elfId"]], "unlinkElfs": [i["elfId"]],
        "linkFlavors": {i["flavorId"]: [i["scpId"]]}, "unlinkFlavors": [i["flavorId"]],
        "linkSecureComponentProfiles": {i["scpId"]: single(i["flavorId"])},
        "unlinkSecureComponentProfiles": [i["scpId"]],
    }.get(operation)


def bad_attributes(w: World, operation: str) -> dict:
    """Bodies by the category they cause, for POST and PUT of an entity."""
    entity = operation[len("create"):]
    good = good_body(w, operation)
    module = {"executableModuleId": w.ids["emId"]}
    referring = {"Service": {"sposConfigId": UNKNOWN}, "Flavor": {"executableLoadFileIds": [UNKNOWN]},
                 "Version": {"allowedDeployments": {UNKNOWN: []}},
                 "AppConfig": {"personalizationConfig": {"certificateId": UNKNOWN}},
                 "SposConfig": {"certificateId": UNKNOWN}}
    mandatory = {"Service": "name", "Version": "tag", "AppConfig": "instanceAid", "SposConfig": "url"}
    missing = ({"applicationInstantiationConfigs": [module]} if entity == "Flavor"
               else {k: v for k, v in good.items() if k != mandatory[entity]})
    wrong_type = {"Service": {"name": 7}, "Flavor": {"name": []}, "Version": {"allowedDeployments": 7},
                  "AppConfig": {"installConfig": 7}, "SposConfig": {"url": "http://plain.example"}}
    fixed = "serviceId" if entity == "Version" else "id"
    out = {1007: {**good, "unknown": 1}, 1008: {**good, **wrong_type[entity]}, 1009: {**good, **referring[entity]}}
    if operation.startswith("create"):
        return {**out, 1003: {**good, fixed: UNKNOWN}, 1004: missing}
    return {**out, 1005: {**good, "tag": "9.9.9"} if entity == "Version" else {**good, "id": UNKNOWN}, 1006: missing}


def bad_links(w: World, operation: str) -> dict:
    """Bodies by category for Link … and Unlink …"""
    i, old = w.ids, w.profiles["old"]
    single = (lambda flavor: flavor) if w.dialect == "1.0.4" else (lambda flavor: [flavor])
    return {
        "linkElfs": {1008: ["x"], 1009: [UNKNOWN]},
        "unlinkElfs": {1008: {}, 1009: [UNKNOWN]},
        "linkFlavors": {1008: {i["flavorId"]: [i["scpId"], i["scpId"]]}, 1009: {UNKNOWN: []},
                        1016: {i["flavorId"]: [old]}},
        "unlinkFlavors": {1008: [7], 1009: [UNKNOWN]},
        "linkSecureComponentProfiles": {1008: {i["scpId"]: [i["flavorId"], i["flavorId"]]},
                                        1009: {UNKNOWN: single(i["flavorId"])}, 1016: {old: single(i["flavorId"])}},
        "unlinkSecureComponentProfiles": {1008: "x", 1009: [UNKNOWN]},
    }[operation]


def bad_forms(w: World, kind: str) -> dict:
    content = upload_content(w, kind)
    limit = {"elf": 2 << 20, "script": 1 << 20, "cert": 64 << 10}[kind]  # AMB-063
    file = f"{kind}-file"
    return {
        1002: b"{}",
        1007: Form([("unknown", None, b"x"), (file, "x", content)]),
        1008: Form([(file, "x" * 256, content)]),
        1011: Form([(file, "x", b"")]),
        1012: Form([(file, "x", content), (file, "y", content)]),
        1013: Form([(file, "x", b"neither")]),
        1014: Form([(file, "x", b"\0" * (limit + 1))]),
    }
