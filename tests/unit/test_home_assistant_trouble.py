"""Why there is no connection to Home Assistant's server: each cause with its remedy."""

import ssl

import aiomqtt
import pytest

from hems.io.home_assistant_mqtt import UnreadableFileError, trouble


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("failed")
    error.verify_message = "self-signed certificate"
    return error


def wrapped() -> Exception:
    """As the client hands it over."""
    try:
        raise aiomqtt.MqttError("certificate verify failed") from untrusted()
    except aiomqtt.MqttError as error:
        return error


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (UnreadableFileError("password: No such file"), "correct the path"),
        (untrusted(), "give ca_file"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "leave tls out"),
        (wrapped(), "give ca_file"),
        (aiomqtt.MqttError("[code:135] Not authorized"), "correct username and password_file"),
        (ConnectionRefusedError(111, "Connection refused"), "start it or correct host and port"),
        (aiomqtt.MqttError("Operation timed out"), "start it or correct host and port"),
    ],
)
def test_a_connection_that_fails_says_what_to_do(cause: Exception, said: str) -> None:
    assert said in trouble(cause)
