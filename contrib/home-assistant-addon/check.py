#!/usr/bin/env python3
"""Checks the add-on against the schema that Home Assistant documents, and runs run.sh.

    contrib/home-assistant-addon/check.py METERPIPE        METERPIPE as the binary to check with

The schema is that of developers.home-assistant.io/docs/apps/configuration (August 2026). No Home
Assistant and no container takes part: jq has to be installed, curl is replaced by a script.
Needs PyYAML.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

ADDON = pathlib.Path(__file__).parent
KEY = "36C66639E48A8CA4D6BC8B282A793BBB"
REQUIRED = {"name": str, "version": str, "slug": str, "description": str, "arch": list}
OPTIONAL = {
    "url": str, "startup": str, "boot": str, "uart": bool, "options": dict, "schema": dict,
    "timeout": int, "services": list, "stage": str, "init": bool, "backup": str, "image": str,
}
VALUES = {
    "startup": ["initialize", "system", "services", "application", "once"],
    "boot": ["auto", "manual", "manual_only"],
    "stage": ["stable", "experimental", "deprecated"],
    "backup": ["hot", "cold"],
}
TYPE = re.compile(
    r"(str|password)(\(\d*,\d*\))?|int(\(-?\d*,-?\d*\))?|float(\(.*,.*\))?|bool|email|url|port"
    r"|match\(.*\)|list\(.+\)|device(\(subsystem=[a-z]+\))?"
)


def configuration():
    config = yaml.safe_load((ADDON / "config.yaml").read_text())
    for key, type_ in REQUIRED.items():
        assert isinstance(config.get(key), type_), f"{key}: {type_.__name__} expected"
    for key, value in config.items():
        type_ = (REQUIRED | OPTIONAL).get(key)
        assert type_, f"{key}: not among the documented keys that this check knows"
        assert isinstance(value, type_), f"{key}: {type_.__name__} expected"
        assert value in VALUES.get(key, [value]), f"{key}: {value}"
    assert set(config["arch"]) <= {"aarch64", "amd64"}
    assert re.fullmatch(r"[-_.A-Za-z0-9]+", config["slug"])
    for service in config["services"]:
        assert re.fullmatch(r"(mqtt|mysql):(provide|want|need)", service), service

    options, schema = config["options"], config["schema"]
    for name, type_ in schema.items():
        optional = type_.endswith("?")
        assert TYPE.fullmatch(type_.removesuffix("?")), f"{name}: {type_}"
        # Documented: an optional option has no default value, all others have one, or null.
        assert optional != (name in options), f"{name}: options and schema disagree"
    assert set(options) <= set(schema)

    manifest = (ADDON / "../../Cargo.toml").resolve()
    if manifest.exists():
        version = re.search(r'^version = "(.*)"', manifest.read_text(), re.MULTILINE)[1]
        assert config["version"] == version, f"version: {version} expected"
    return schema


def translations(schema):
    for language in ["de", "en"]:
        text = yaml.safe_load((ADDON / f"translations/{language}.yaml").read_text())
        assert set(text) == {"configuration"}, language
        assert set(text["configuration"]) == set(schema), language
        for name, entry in text["configuration"].items():
            assert set(entry) == {"name", "description"}, f"{language}: {name}"
            assert all(isinstance(it, str) for it in entry.values()), f"{language}: {name}"


def start(meterpipe, options, service=None):
    """Runs run.sh with a meterpipe that only checks its configuration: status, output, configuration."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        programs = folder / "programs"
        programs.mkdir()
        (folder / "options.json").write_text(json.dumps(options))
        # `watch --config FILE` becomes `config check --config FILE`.
        stub = f'#!/bin/sh\nshift\nexec "{meterpipe}" config check "$@"\n'
        (programs / "meterpipe").write_text(stub)
        answer = json.dumps({"result": "ok", "data": service})
        curl = f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n" if service else "#!/bin/sh\nexit 22\n"
        (programs / "curl").write_text(curl)
        for program in programs.iterdir():
            program.chmod(0o755)
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}", "DATA": str(folder),
            "RUN": str(folder / "run"),
        }
        ran = subprocess.run(
            ["sh", ADDON / "run.sh"], env=environment, capture_output=True, text=True, check=False
        )
        config = folder / "run/config.toml"
        modes = {oct(it.stat().st_mode & 0o777) for it in (folder / "run").iterdir()}
        assert modes <= {"0o600"}, modes
        text = config.read_text() if config.exists() else ""
        return ran.returncode, ran.stdout + ran.stderr, text


def runs(meterpipe):
    broker = {"host": "core-mosquitto", "port": 1883, "ssl": False}
    broker |= {"username": "addons", "password": 'a"b\\c'}
    status, said, config = start(meterpipe, {"key": KEY, "log": "normal"}, broker)
    assert status == 0 and "1 meter, 1 sink, no mistake" in said, said
    assert 'to = "mqtt://core-mosquitto:1883"' in config and 'user = "addons"' in config, config
    assert KEY not in config and "source" not in config and "language" not in config, config

    own = {
        "key": KEY, "authentication_key": "000102030405060708090A0B0C0D0E0F", "log": "verbose",
        "source": "/dev/ttyUSB0", "mqtt_url": "mqtts://broker.home", "mqtt_user": "me",
        "mqtt_password": "secret", "language": "de",
    }
    status, said, config = start(meterpipe, own)
    assert status == 0 and "no mistake" in said, said
    assert 'source = "/dev/ttyUSB0"' in config and "mqtts://broker.home" in config, config
    assert 'ha_language = "de"' in config, config

    status, said, _ = start(meterpipe, {"key": "", "log": "normal"}, broker)
    assert status == 2 and "'key' is empty" in said, said
    status, said, _ = start(meterpipe, {"key": KEY, "log": "quiet"})
    assert status == 2 and "no MQTT broker" in said, said
    status, said, _ = start(meterpipe, {"key": "12345", "log": "normal"}, broker)
    assert status == 2 and "12345" not in said, said


def main():
    schema = configuration()
    translations(schema)
    runs(pathlib.Path(sys.argv[1]).resolve())
    print("the add-on is as documented: its configuration, translations and run.sh")


main()
