"""An answer that streams holds nothing that others need."""

import pytest
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from rempart.site.middleware import streams_hold_no_connection

pytestmark = pytest.mark.django_db(transaction=True)


def answered(answer):
    def view(request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return answer

    streams_hold_no_connection(view)(RequestFactory().get("/"))
    return connection.connection is not None


def test_a_stream_gives_its_connection_back_before_it_begins():
    assert answered(HttpResponse())
    assert not answered(StreamingHttpResponse(iter([b""])))


def test_the_open_list_of_an_investigator_holds_no_connection(paris_client, arrive):
    answer = paris_client.get("/suivi/flux/")
    assert answer.status_code == 200
    assert answer.streaming
    assert connection.connection is None
