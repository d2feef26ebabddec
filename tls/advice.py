"""What to do when an encrypted connection fails, from the failure itself."""

import ssl

PLAIN_PORT = "WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"

# Source: OpenSSL, include/openssl/x509_vfy.h (X509_V_ERR_*).
OF_VERIFICATION = {
    9: "the server's certificate is not valid yet: set this machine's clock (NTP)",
    10: "the server's certificate has ended, or this machine's clock is ahead: the operator renews it"
    " (community-broker certificate server --renew)",
    18: "the server shows a certificate of its own making: give ca_file the community's ca.pem",
    19: "another authority signed the server's certificate: give ca_file the community's ca.pem",
    20: "another authority signed the server's certificate: give ca_file the community's ca.pem",
    21: "another authority signed the server's certificate: give ca_file the community's ca.pem",
    62: "the certificate is for another host name: use the name that the operator told as host",
    64: "the certificate is for another address: use the name that the operator told as host",
}

# Source: RFC 8446, section 6 (alerts), as OpenSSL names them.
OF_ALERT = {
    "CERTIFICATE_REQUIRED": "the server asks for a client certificate: set cert_file and key_file",
    "HANDSHAKE_FAILURE": "the server asks for a client certificate: set cert_file and key_file",
    "UNKNOWN_CA": "the server does not know who signed this client's certificate: ask the operator for a new one",
    "BAD_CERTIFICATE": "the server refuses this client's certificate: ask the operator for a new one",
    "CERTIFICATE_EXPIRED": "this client's certificate has ended: ask the operator for a new one",
    "CERTIFICATE_REVOKED": "the operator has revoked this client's certificate: ask the operator",
    "KEY_VALUES_MISMATCH": "cert_file and key_file do not belong together: take both from the same folder",
    "NO_CERTIFICATE_OR_CRL_FOUND": "ca_file is no PEM certificate: give it the community's ca.pem",
    "PEM": "cert_file or key_file is no PEM file: take both as the operator gave them",
}


def tls_advice(error: BaseException) -> str | None:
    """What to do about a failed TLS connection; None when the failure has nothing to do with TLS.

    The failure may be wrapped: the exceptions under which, and in whose handling, it was raised are looked at too.
    """
    seen: set[int] = set()
    queue: list[BaseException] = [error]
    while queue:
        one = queue.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, ssl.SSLError):
            return _advice(one)
        inner = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        queue += [*inner, *(link for link in (one.__cause__, one.__context__) if link is not None)]
    return None


def _advice(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        found = OF_VERIFICATION.get(error.verify_code)
        return found or f"the server's certificate is not trusted ({error.verify_message}): check ca_file and host"
    reason = error.reason or str(error)
    if any(word in reason for word in PLAIN_PORT):
        return "this port does not speak TLS: use the server's TLS port (8883), or leave out ca_file"
    for word, advice in OF_ALERT.items():
        if word in reason:
            return advice
    return f"TLS failed ({reason}): check ca_file, cert_file and key_file"
