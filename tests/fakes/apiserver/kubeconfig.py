"""A kubeconfig for the fake server."""

import base64

import trustme
from tests.fakes.apiserver.kinds import Json


def kubeconfig(
    url: str,
    ca: trustme.CA | None,
    certificate: trustme.LeafCert | None,
    token: str,
    token_file: str,
    namespace: str,
) -> Json:
    cluster: Json = {"server": url}
    if ca is not None:
        cluster["certificate-authority-data"] = _coded(ca.cert_pem.bytes())
    user: Json = {}
    if certificate is not None:
        chain = b"".join(one.bytes() for one in certificate.cert_chain_pems)
        user["client-certificate-data"] = _coded(chain)
        user["client-key-data"] = _coded(certificate.private_key_pem.bytes())
    if token:
        user["token"] = token
    if token_file:
        user["tokenFile"] = token_file
    context = {"cluster": "fake", "user": "test", **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "fake", "cluster": cluster}],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "fake", "context": context}],
        "current-context": "fake",
    }


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()
