"""Signed tokens: one registered algorithm, the provider's keys, and what an identity token must say.

Source: OpenID Connect Core §3.1.3.7 and §5.3.2. The algorithm is never taken from the token: a token signed
with another one than that registered is refused, whatever its header says.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from rempart.foundation.access.openid.provider import Algorithm, Provider
from rempart.foundation.access.openid.refusals import Reason, SignInRefused

LEEWAY = timedelta(seconds=30)
LONGEST = 20_000  # characters of a token

Claims = Mapping[str, Any]


def verified(token: object, *, provider: Provider, algorithm: Algorithm, keys: object) -> Claims:
    """The claims of a token whose signature holds. `keys`: the provider's JSON Web Key Set, as it came.

    Raises SignInRefused(TOKEN).
    """
    if not isinstance(token, str) or len(token) > LONGEST:
        raise SignInRefused(Reason.TOKEN, "shape")
    try:
        key = (
            OctKey.import_key(provider.client_secret.encode())
            if algorithm.symmetric
            else KeySet.import_key_set(_for(algorithm, keys))
        )
        return jwt.decode(token, key, algorithms=[algorithm.value]).claims
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SignInRefused(Reason.TOKEN, "signature") from None


def check_id_token(
    claims: Claims, *, provider: Provider, nonce: str | None, since: float | None = None, now: datetime
) -> None:
    """Whether a verified identity token is the one that was asked for; `nonce` is None when none was sent,
    `since` when it does not matter how long ago the person proved who he is.

    Raises SignInRefused: TOKEN (detail: the claim that is wrong), LEVEL.
    """
    _check_addressed(claims, provider)
    if not is_moment(claims.get("exp")) or now - LEEWAY >= datetime.fromtimestamp(claims["exp"], now.tzinfo):
        raise SignInRefused(Reason.TOKEN, "exp")
    if not is_moment(claims.get("iat")) or datetime.fromtimestamp(claims["iat"], now.tzinfo) > now + LEEWAY:
        raise SignInRefused(Reason.TOKEN, "iat")
    if nonce is not None and not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()):
        raise SignInRefused(Reason.TOKEN, "nonce")
    proved_at: Any = claims.get("auth_time")
    if since is not None and not (is_moment(proved_at) and proved_at >= since - LEEWAY.total_seconds()):
        raise SignInRefused(Reason.TOKEN, "auth_time")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise SignInRefused(Reason.TOKEN, "sub")
    if str(claims.get("acr")) not in provider.acr_accepted:
        raise SignInRefused(Reason.LEVEL)


def check_userinfo(claims: Claims, *, provider: Provider, subject: str, signed: bool) -> None:
    """Whether the identity is that of the token's subject, and, when it is signed, meant for us.

    Raises SignInRefused(TOKEN).
    """
    if signed:
        _check_addressed(claims, provider)
    if claims.get("sub") != subject:
        raise SignInRefused(Reason.TOKEN, "userinfo sub")


def _check_addressed(claims: Claims, provider: Provider) -> None:
    if claims.get("iss") != provider.issuer:
        raise SignInRefused(Reason.TOKEN, "iss")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if provider.client_id not in audiences:
        raise SignInRefused(Reason.TOKEN, "aud")
    if len(audiences) > 1 and claims.get("azp") != provider.client_id:
        raise SignInRefused(Reason.TOKEN, "azp")


def is_moment(value: object) -> TypeGuard[int | float]:
    """Whether a claim is a moment that a clock could show (seconds since 1970, before the year 2100)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 4_102_444_800


def _for(algorithm: Algorithm, keys: object) -> Any:
    """The keys of a set that can have made this kind of signature."""
    kind = "EC" if algorithm is Algorithm.ES256 else "RSA"
    listed = keys.get("keys") if isinstance(keys, Mapping) else None
    usable = [
        key
        for key in (listed if isinstance(listed, list) else ())
        if isinstance(key, Mapping) and key.get("kty") == kind and key.get("use", "sig") == "sig"
    ]
    return {"keys": usable}
