"""How passwords are kept: what the functional tests make cheap is dear in production."""

from django.conf import settings
from django.contrib.auth.hashers import ScryptPasswordHasher, get_hasher


def test_security_a_password_costs_whoever_tries_one_sixteen_megabytes_five_times():
    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.ScryptPasswordHasher"]
    hasher = get_hasher()
    assert isinstance(hasher, ScryptPasswordHasher)
    assert (hasher.work_factor, hasher.block_size, hasher.parallelism) == (2**14, 8, 5)
