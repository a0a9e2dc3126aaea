// All messages of the contract by their names, for tests. A new file of the contract is here by itself.
/// <reference types="vite/client" />

import { createRegistry, type DescFile } from "@bufbuild/protobuf";

const modules = import.meta.glob<Record<string, unknown>>("../../../gen/es/tabwire/v1/*_pb.ts", { eager: true });

const files = Object.values(modules).flatMap((module) =>
  Object.entries(module)
    .filter(([name]) => name.startsWith("file_"))
    .map(([, file]) => file as DescFile),
);

export const registry = createRegistry(...files);
