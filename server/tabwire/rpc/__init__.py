"""gRPC servicers and interceptors: proto in, proto out, no decisions."""
