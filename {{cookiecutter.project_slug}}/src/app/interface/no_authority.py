"""No authority to trust, for tests: what asks a replay on loopback needs no TLS, and nothing else is asked.

Vendors' clients read some hundred certificates each time one is made, which takes longer than their requests here.
"""

from __future__ import annotations

from pathlib import Path

# Where OpenSSL, and through it most clients, look for the authorities they trust.
VARIABLE = "SSL_CERT_FILE"
# Of nobody, for one day long gone, its key thrown away: a file without any is refused by OpenSSL.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBDTCBtaADAgECAgEBMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBm5vYm9keTAe
Fw0yNDAxMDEwMDAwMDBaFw0yNDAxMDIwMDAwMDBaMBExDzANBgNVBAMMBm5vYm9k
eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLwxTqwYBFKKGu1ozOfwcLr78Yx4
0ndeTgwxlwfMGrR5bxqaWlRCBIZsjwMgb00DutQqc3f1LWNyzT5RqImlbX0wCgYI
KoZIzj0EAwIDRwAwRAIgXW7/9OnC/U1Rx/iMEzX2ZBWy8wyGydimr0U3yT8AdtUC
ID9wyMMV8qw25TNIzxRt6hwNf5q0UMMgqyGXDxsXesqf
-----END CERTIFICATE-----
"""


def no_authority(folder: Path) -> dict[str, str]:
    """The variable that makes clients trust nobody; its file is written to `folder`."""
    file = folder / "nobody.pem"
    file.write_text(CERTIFICATE, encoding="ascii")
    return {VARIABLE: str(file)}
