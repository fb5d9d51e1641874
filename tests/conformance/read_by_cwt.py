# /// script
# requires-python = ">=3.11"
# dependencies = ["cwt>=3.3", "base45>=0.4.4"]
# ///
"""Another implementation's reading of EU certificates: `cwt`, which pins an older cbor2 than ours and so lives apart.

Takes `{"texts": [HC1 texts], "certificate": signer's certificate in PEM}` on the standard input, and prints what
`cwt` found in each, after it had checked signature and dates.
"""

import json
import sys
import zlib

import base45
import cwt

handed = json.load(sys.stdin)
key = cwt.load_pem_hcert_dsc(handed["certificate"])
found = []
for text in handed["texts"]:
    claims = cwt.Claims.new(cwt.decode(zlib.decompress(base45.b45decode(text.removeprefix("HC1:"))), key))
    found.append({"iss": claims.iss, "iat": claims.iat, "exp": claims.exp, "dcc": claims.hcert[1]})
json.dump(found, sys.stdout)
