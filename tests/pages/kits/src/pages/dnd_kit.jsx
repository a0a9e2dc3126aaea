// dnd kit: a sortable list that is dragged by pointer events and by keys.

import { closestCenter, DndContext, KeyboardSensor, PointerSensor, useSensor, useSensors } from "@dnd-kit/core";
import {
  arrayMove,
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from "@dnd-kit/sortable";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { offer } from "../page.js";
import "../kits.css";

const state = { order: [] };

function Item({ id }) {
  const { attributes, listeners, setNodeRef, transform } = useSortable({ id });
  const style = transform ? { transform: `translate3d(${transform.x}px, ${transform.y}px, 0)` } : {};
  return (
    <div ref={setNodeRef} style={style} {...attributes} {...listeners}>
      {id}
    </div>
  );
}

function List() {
  const [items, setItems] = useState(["One", "Two", "Three", "Four"]);
  state.order = items;
  const distance = { activationConstraint: { distance: 5 } };
  const sensors = useSensors(
    useSensor(PointerSensor, distance),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const end = ({ active, over }) => {
    if (over && active.id !== over.id) {
      setItems((now) => arrayMove(now, now.indexOf(active.id), now.indexOf(over.id)));
    }
  };
  return (
    <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={end}>
      <SortableContext items={items} strategy={verticalListSortingStrategy}>
        <div className="list">
          {items.map((id) => (
            <Item key={id} id={id} />
          ))}
        </div>
      </SortableContext>
    </DndContext>
  );
}

createRoot(document.querySelector("#root")).render(<List />);
offer({ truth: () => state });
