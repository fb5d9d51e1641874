"""SMART Health Card of a test: issue, open and judge.

SMART Health Cards Framework 1.4 (a signed FHIR bundle as compact JWS, digits in a QR code) and the Vaccination & Testing
Implementation Guide 1.0, profiles of data minimisation for patient and laboratory result.
"""

from rempart.proofs.shc.card import Card as Card
from rempart.proofs.shc.card import deviations as deviations
from rempart.proofs.shc.card import judge as judge
from rempart.proofs.shc.card import read as read
from rempart.proofs.shc.issuing import TestContent as TestContent
from rempart.proofs.shc.issuing import correction as correction
from rempart.proofs.shc.issuing import issue as issue
from rempart.proofs.shc.jws import PREFIX as PREFIX
