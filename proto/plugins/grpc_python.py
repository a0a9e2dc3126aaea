"""A protoc plugin that writes the `_pb2_grpc.py` modules.

grpc_python is no builtin of protoc, and the one that grpcio-tools carries can only be reached through its own protoc.
So this plugin hands the request's descriptors to `grpc_tools.protoc` and answers with the files it wrote.
"""

import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc


def main() -> None:
    """Reads a CodeGeneratorRequest from standard input, writes a CodeGeneratorResponse to standard output."""
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    services = [file.name for file in request.proto_file if file.service and file.name in request.file_to_generate]
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder, "descriptors.binpb")
        descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        out = Path(folder, "out")
        out.mkdir()
        code = protoc.main(["protoc", f"--descriptor_set_in={descriptors}", f"--grpc_python_out={out}", *services])
        if code != 0:
            response.error = f"grpc_tools.protoc ended with {code}"
        for path in sorted(out.rglob("*.py")):
            response.file.add(name=path.relative_to(out).as_posix(), content=path.read_text(encoding="utf-8"))
    sys.stdout.buffer.write(response.SerializeToString())


if __name__ == "__main__":
    main()
