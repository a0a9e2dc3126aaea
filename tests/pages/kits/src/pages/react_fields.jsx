// React's controlled inputs: what is shown is what the state says, so a change that React does not hear is undone.

import { useState } from "react";
import { createRoot } from "react-dom/client";
import { offer } from "../page.js";
import "../kits.css";

const state = { submitted: null };
const TEXTS = [
  "text",
  "search",
  "email",
  "tel",
  "url",
  "password",
  "number",
  "date",
  "time",
  "datetime-local",
  "month",
];
const MORE = ["week", "color", "range"];

/** An input whose value is the state's, after a filter. */
function Field({ label, type = "text", filter = (text) => text, initial = "" }) {
  const [value, setValue] = useState(initial);
  state[label] = value;
  return (
    <label>
      {label}{" "}
      <input
        type={type}
        value={value}
        onChange={(event) => {
          const next = filter(event.target.value, value);
          state[label] = next;
          setValue(next);
        }}
      />
    </label>
  );
}

function Blurred() {
  const [value, setValue] = useState("");
  state.Amount = value;
  return (
    <label>
      Amount
      <input
        value={value}
        onChange={(event) => setValue(event.target.value)}
        onBlur={() => setValue(Number(value).toFixed(2))}
      />
    </label>
  );
}

function Area() {
  const [value, setValue] = useState("");
  state.Story = value;
  return (
    <label>
      Story <textarea value={value} onChange={(event) => setValue(event.target.value)} />
    </label>
  );
}

function Choices() {
  const [checked, setChecked] = useState(false);
  const [size, setSize] = useState("s");
  const [city, setCity] = useState("bern");
  Object.assign(state, { checked, size, city });
  return (
    <section>
      <label>
        <input type="checkbox" checked={checked} onChange={(event) => setChecked(event.target.checked)} /> Agree
      </label>
      {["s", "m"].map((name) => (
        <label key={name}>
          <input type="radio" checked={size === name} onChange={() => setSize(name)} /> Size {name}
        </label>
      ))}
      <label>
        City
        <select value={city} onChange={(event) => setCity(event.target.value)}>
          <option value="bern">Bern</option>
          <option value="graz">Graz</option>
        </select>
      </label>
    </section>
  );
}

/** Holds back `change` while something is being composed, as fields for Chinese or Japanese do. */
function Composing() {
  const [value, setValue] = useState("");
  const [composing, setComposing] = useState(false);
  state.Composed = value;
  return (
    <label>
      Composed
      <input
        onCompositionStart={() => setComposing(true)}
        onCompositionEnd={(event) => {
          setComposing(false);
          setValue(event.target.value);
        }}
        onChange={(event) => {
          if (!composing && !event.nativeEvent.isComposing) setValue(event.target.value);
        }}
      />
    </label>
  );
}

const phone = (text) => text.replace(/\D/g, "").replace(/^(\d{3})(\d+)$/, "($1) $2");

function App() {
  const submit = (event) => {
    event.preventDefault();
    state.submitted = state.Search;
  };
  return (
    <>
      <form onSubmit={submit}>
        <Field label="Search" />
      </form>
      <section>
        {TEXTS.concat(MORE).map((type) => (
          <Field key={type} label={`Type ${type}`} type={type} initial={type === "color" ? "#000000" : ""} />
        ))}
      </section>
      <section>
        <Field label="Upper" filter={(text) => text.toUpperCase()} />
        <Field label="Phone" filter={phone} />
        <Field label="Digits" filter={(text) => text.replace(/\D/g, "")} />
        <Field label="Stubborn" filter={() => ""} />
        <Field label="Fixed" initial="fixed" filter={(_, before) => before} />
        <Blurred />
        <Composing />
        <Area />
      </section>
      <Choices />
    </>
  );
}

createRoot(document.querySelector("#root")).render(<App />);
offer({ truth: () => state });
