"""A fault of grpcio's client that tests with streams of requests have to bear.

If the server's status comes while a message is still being written, grpc.aio says INTERNAL with these words instead of
it (https://github.com/grpc/grpc/issues/36066, open): what became of the call is not known then.
"""

LOST_STATUS = "Internal error from Core"
