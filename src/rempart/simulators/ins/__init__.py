"""The stand-in of the national INS teleservice: its protocol over mutual TLS, with people who do not exist.

    register      who is in it, and how it answers about them
    protocol      the same SOAP 1.2 as the service, from the other side
    certificates  an authority of its own, the server's certificate and a client's
    serving       the server, as long as a block lasts

For tests, trials and demonstrations; what it cannot know of the service stands in docs/decisions/029-ins-teleservice.md.
"""
