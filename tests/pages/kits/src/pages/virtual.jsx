// A virtual list: 10,000 rows, of which only those in view exist.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { createRoot } from "react-dom/client";
import { offer } from "../page.js";
import "../kits.css";

const state = { chosen: [] };

function List() {
  const parent = useRef(null);
  const rows = useVirtualizer({ count: 10_000, getScrollElement: () => parent.current, estimateSize: () => 32 });
  return (
    <div ref={parent} className="scroller" role="listbox" aria-label="People" tabIndex={0}>
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {rows.getVirtualItems().map((row) => (
          <div
            key={row.key}
            role="option"
            aria-selected="false"
            tabIndex={-1}
            onClick={() => state.chosen.push(row.index + 1)}
            style={{ position: "absolute", top: 0, height: row.size, transform: `translateY(${row.start}px)` }}
          >
            Person {row.index + 1}
          </div>
        ))}
      </div>
    </div>
  );
}

createRoot(document.querySelector("#root")).render(<List />);
offer({ truth: () => state });
