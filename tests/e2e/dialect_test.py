#!/usr/bin/env python3
"""The two dialects of the TSM-API (AMB-139, DIV-119): each call is answered in its own, and the SPOS is told the same words; a session
keeps it over a restart of the server, and a call that is repeated in the other one is another call."""

import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack as stacks  # noqa: E402
from phone import Card, Phone, Session  # noqa: E402
from restart_test import ForManyPhones, Restart  # noqa: E402
from story_test import StoryCase  # noqa: E402

NOBODY = "00000000-0000-4000-8000-000000000000"
CALL = "00112233445566778899aabbccddee"
HANDSET_OF_NOBODY = {"callerId": "CAFE", "secureComponents": [{"reader": "eSE1", "seType": "eSE"}]}


def outcome(result: dict) -> tuple:
    told = result.get("processInfo", result)
    return told["executionStatus"], told["executionMessage"]


class Dialect(StoryCase):
    stack_class = ForManyPhones

    rows, play, end_role, let_it_live, pid_of = Restart.rows, Restart.play, Restart.end_role, Restart.let_it_live, Restart.pid_of

    def ask(self, dialect: str, card: str, *arguments) -> tuple:
        return outcome(self.stack.handset(card, "--dialect", dialect, *arguments, check=False))

    def publish(self, name: str, package: str, load_size: int = 2000) -> dict:
        cap = self.stack.make_cap(f"{name}.cap", load_size, package, [package + "01"])
        return stacks.publish_service(self.rest, [cap], spos_config=self.spos_config, name=name)

    def phone(self, card: Card | None = None) -> Phone:
        phone = Phone(self.stack, card)
        self.addCleanup(phone.disconnect)
        return phone

    def post(self, phone, dialect: str, function: str, **parameters) -> dict:
        status, _, answer = phone.exchange("POST", f"/tsm-api/{dialect}/{function}", parameters)
        self.assertEqual(status, 200, answer)
        return json.loads(answer)

    def test_what_is_refused(self):
        published = self.publish("refused", "D27600018A01")
        service, card = published["service"]["id"], self.stack.card("refused.card")
        instance = self.create(card, published)
        rows = (
            (("check", NOBODY, "x.x.x"), (4, f"Invalid request: service ‘{NOBODY}’ does not exist"),
             (17, f"Not found: service ‘{NOBODY}’ does not exist")),
            (("check", service, "1"), (4, "Invalid request: unsupported version RegExp ‘1’"),
             (4, "Invalid argument: unsupported version RegExp ‘1’")),
            (("terminate", NOBODY), (4, f"Invalid request: serviceInstanceId ‘{NOBODY}’ does not exist"),
             (17, f"Not found: serviceInstanceId ‘{NOBODY}’ does not exist")),
            (("suspend", instance), (13, "Invalid state: service not deployed yet"), (13, "Not allowed: service not deployed yet")),
        )
        for arguments, older, newer in rows:
            with self.subTest(arguments=arguments):
                self.assertEqual(self.ask("1.0", card, *arguments), older)
                self.assertEqual(self.ask("1.0.4", card, *arguments), newer)

    def test_the_spos_hears_of_a_failed_creation_in_the_words_of_the_app(self):
        """AMB-140, AMB-184."""
        published = self.publish("twice", "D27600018A02")
        service, card = published["service"]["id"], self.stack.card("twice.card")
        self.create(card, published)
        for dialect, wanted in (("1.0", (8, "No eligible SC: service is already deployed")),
                                ("1.0.4", (14, "Already exists: service is already deployed"))):
            self.assertEqual(self.ask(dialect, card, "create", service, "1.0.0"), wanted)
            stacks.wait_until(lambda wanted=wanted: [r for r in self.stack.spos_results() if r["serviceId"] == service and outcome(r) == wanted],
                              20, f"the SPOS is not told {wanted}")

    def no_memory(self, name: str, package: str, call) -> dict:
        """The result of a deploy of what the card has no room for; the SPOS is told the same."""
        published = self.publish(name, package, 55000)
        card = self.stack.card(f"{name}.card", "small")
        result = call(card, self.create(card, published))
        told = self.wait_for_result(result["processInfo"]["processId"])
        self.assertEqual(outcome(told), outcome(result))
        return result

    def test_a_process_that_fails(self):
        for dialect, begins in (("1.0", "Content related error: "), ("1.0.4", "Secure component error: ")):
            name, package = f"full-{dialect}", "D27600018A1" + dialect[-1]
            result = self.no_memory(name, package, lambda card, instance, d=dialect: self.stack.handset(
                card, "--dialect", d, "deploy", instance, "--commands", "install,activate", "--finalize", check=False))
            status, message = outcome(result)
            self.assertEqual(status, 7, result)
            self.assertTrue(message.startswith(begins), message)

    def test_a_session_keeps_it_over_a_restart(self):
        """DIV-108: who enters the process again speaks as the call did."""
        for number, (dialect, begins) in enumerate((("1.0", "Content related error: "), ("1.0.4", "Secure component error: "))):
            result = self.no_memory(f"again-{dialect}", f"D27600018A2{number}", lambda card, instance, d=dialect: self.play(
                card, instance, "begun", signal.SIGKILL, "--dialect", d, "deploy", instance, "--commands", "install,activate", "--finalize"))
            status, message = outcome(result)
            self.assertEqual(status, 7, result)
            self.assertTrue(message.startswith(begins), message)

    def test_a_repeated_call(self):
        """DIV-107: in its own dialect it has the same answer, in the other one it is another call."""
        phone = self.phone()
        asks = {"serviceId": NOBODY, "version": "x.x.x", "handset": HANDSET_OF_NOBODY, "callId": CALL + "01"}
        first = self.post(phone, "1.0.4", "checkServiceDeploymentAvailable", **asks)["result"]
        self.assertEqual(first["executionStatus"], 17, first)
        self.assertEqual(self.post(phone, "1.0.4", "checkServiceDeploymentAvailable", **asks)["result"], first)
        other = self.post(phone, "1.0", "checkServiceDeploymentAvailable", **asks)["result"]
        self.assertEqual(outcome(other), (4, "Invalid request: this callId belongs to another call"))

    def test_the_result_of_a_session_is_in_the_dialect_of_its_call(self):
        """Whatever path it is fetched by, and as often as it is fetched."""
        published = self.publish("fetched", "D27600018A30")
        card = Card(self.stack, "fetched.card")
        self.addCleanup(card.close)
        phone = self.phone(card)
        service = published["service"]["id"]
        created = phone.ask("createServiceInstance", serviceId=service, version="1.0.0")
        self.assertEqual(created["executionStatus"], 0, created)
        body = {"serviceId": service, "version": "1.0.0",
                "handset": {"callerId": phone.caller, "secureComponents": [
                    {"reader": phone.reader, "seType": "eSE", "atr": card.atr.hex().upper()}]}}
        status, headers, answer = phone.exchange("POST", "/tsm-api/1.0.4/createServiceInstance", body)
        self.assertEqual(status, 200, answer)
        session = Session(phone, json.loads(answer), headers["Set-Cookie"].split(";")[0])
        told = session.play()
        self.assertEqual(outcome(told), (14, "Already exists: service is already deployed"))
        for dialect in ("1.0", "1.0.4"):
            status, fetched = session.exchange("GET", f"/tsm-api/{dialect}/sessions/{session.id}/result", None)
            self.assertEqual((status, fetched["result"]), (200, told))

    def test_other_versions_are_not_there(self):
        phone = self.phone()
        for version in ("1.0.1", "1.0.5", "1.1", "1.0.4.1", "v1.0"):
            self.assertEqual(phone.exchange("POST", f"/tsm-api/{version}/terminateService", {})[0], 404, version)


del Restart, StoryCase  # they have run elsewhere

if __name__ == "__main__":
    stacks.main(verbosity=1)
