// Radix: menus that open on pointerdown, dialogs, selects, tooltips and tabs, shown in portals at the end of the body.

import {
  Accordion,
  AlertDialog,
  Checkbox,
  ContextMenu,
  Dialog,
  DropdownMenu,
  HoverCard,
  Menubar,
  Popover,
  RadioGroup,
  Select,
  Slider,
  Switch,
  Tabs,
  Toggle,
  Tooltip,
} from "radix-ui";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { offer } from "../page.js";
import "../kits.css";

const state = { chosen: [], tooltip: false, card: false, dialog: false, alert: false, popover: false };
const heard = (name) => (value) => {
  state[name] = value;
};
const choose = (name) => () => state.chosen.push(name);

function Menus() {
  return (
    <section>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger>Actions</DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="float">
            <DropdownMenu.Item onSelect={choose("copy")}>Copy</DropdownMenu.Item>
            <DropdownMenu.CheckboxItem onCheckedChange={heard("starred")}>Starred</DropdownMenu.CheckboxItem>
            <DropdownMenu.Sub>
              <DropdownMenu.SubTrigger>More</DropdownMenu.SubTrigger>
              <DropdownMenu.Portal>
                <DropdownMenu.SubContent className="float">
                  <DropdownMenu.Item onSelect={choose("archive")}>Archive</DropdownMenu.Item>
                </DropdownMenu.SubContent>
              </DropdownMenu.Portal>
            </DropdownMenu.Sub>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <Menubar.Root>
        <Menubar.Menu>
          <Menubar.Trigger>File</Menubar.Trigger>
          <Menubar.Portal>
            <Menubar.Content className="float">
              <Menubar.Item onSelect={choose("new file")}>New file</Menubar.Item>
            </Menubar.Content>
          </Menubar.Portal>
        </Menubar.Menu>
      </Menubar.Root>
      <ContextMenu.Root>
        <ContextMenu.Trigger asChild>
          <button type="button">Right click here</button>
        </ContextMenu.Trigger>
        <ContextMenu.Portal>
          <ContextMenu.Content className="float">
            <ContextMenu.Item onSelect={choose("inspect")}>Inspect</ContextMenu.Item>
          </ContextMenu.Content>
        </ContextMenu.Portal>
      </ContextMenu.Root>
    </section>
  );
}

function Layers() {
  return (
    <section>
      <Dialog.Root onOpenChange={heard("dialog")}>
        <Dialog.Trigger>Edit profile</Dialog.Trigger>
        <Dialog.Portal>
          <Dialog.Overlay className="overlay" />
          <Dialog.Content className="dialog">
            <Dialog.Title>Profile</Dialog.Title>
            <Dialog.Description>Change your name.</Dialog.Description>
            <input aria-label="Display name" onChange={(event) => heard("displayName")(event.target.value)} />
            <Dialog.Close>Close profile</Dialog.Close>
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
      <AlertDialog.Root onOpenChange={heard("alert")}>
        <AlertDialog.Trigger>Delete account</AlertDialog.Trigger>
        <AlertDialog.Portal>
          <AlertDialog.Overlay className="overlay" />
          <AlertDialog.Content className="dialog">
            <AlertDialog.Title>Really?</AlertDialog.Title>
            <AlertDialog.Description>This cannot be undone.</AlertDialog.Description>
            <AlertDialog.Cancel>Keep it</AlertDialog.Cancel>
            <AlertDialog.Action onClick={choose("deleted")}>Delete it</AlertDialog.Action>
          </AlertDialog.Content>
        </AlertDialog.Portal>
      </AlertDialog.Root>
      <Popover.Root onOpenChange={heard("popover")}>
        <Popover.Trigger>Filters</Popover.Trigger>
        <Popover.Portal>
          <Popover.Content className="float">
            <button type="button" onClick={choose("filter")}>
              Only open ones
            </button>
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <Tooltip.Provider delayDuration={0}>
        <Tooltip.Root onOpenChange={heard("tooltip")}>
          <Tooltip.Trigger>Help</Tooltip.Trigger>
          <Tooltip.Portal>
            <Tooltip.Content className="float">Helpful words</Tooltip.Content>
          </Tooltip.Portal>
        </Tooltip.Root>
      </Tooltip.Provider>
      <HoverCard.Root openDelay={0} onOpenChange={heard("card")}>
        <HoverCard.Trigger href="#ada">Ada</HoverCard.Trigger>
        <HoverCard.Portal>
          <HoverCard.Content className="float">Wrote the first program</HoverCard.Content>
        </HoverCard.Portal>
      </HoverCard.Root>
    </section>
  );
}

const FRUIT = ["Apple", "Banana", "Cherry", "Date", "Elderberry"];

function Fields() {
  return (
    <section>
      <Select.Root onValueChange={heard("fruit")}>
        <Select.Trigger aria-label="Fruit">
          <Select.Value placeholder="Choose a fruit" />
        </Select.Trigger>
        <Select.Portal>
          <Select.Content className="float" position="popper">
            <Select.Viewport>
              {FRUIT.map((name) => (
                <Select.Item key={name} value={name.toLowerCase()}>
                  <Select.ItemText>{name}</Select.ItemText>
                </Select.Item>
              ))}
            </Select.Viewport>
          </Select.Content>
        </Select.Portal>
      </Select.Root>
      <Checkbox.Root aria-label="Terms" onCheckedChange={heard("terms")}>
        <Checkbox.Indicator>✓</Checkbox.Indicator>
      </Checkbox.Root>
      <Switch.Root aria-label="Dark mode" className="switch" onCheckedChange={heard("dark")}>
        <Switch.Thumb className="thumb" />
      </Switch.Root>
      <Toggle.Root onPressedChange={heard("pinned")}>Pin</Toggle.Root>
      <RadioGroup.Root aria-label="Size" onValueChange={heard("size")}>
        <RadioGroup.Item value="small" aria-label="Small" />
        <RadioGroup.Item value="large" aria-label="Large" />
      </RadioGroup.Root>
      <Slider.Root className="slider" defaultValue={[20]} step={5} onValueChange={([value]) => heard("volume")(value)}>
        <Slider.Track className="track">
          <Slider.Range />
        </Slider.Track>
        <Slider.Thumb className="thumb" aria-label="Volume" />
      </Slider.Root>
    </section>
  );
}

function Parts() {
  const [tab, setTab] = useState("first");
  state.tab = tab;
  return (
    <section>
      <Tabs.Root value={tab} onValueChange={setTab}>
        <Tabs.List>
          <Tabs.Trigger value="first">First tab</Tabs.Trigger>
          <Tabs.Trigger value="second">Second tab</Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="first">One</Tabs.Content>
        <Tabs.Content value="second">Two</Tabs.Content>
      </Tabs.Root>
      <Accordion.Root type="single" collapsible onValueChange={heard("open")}>
        <Accordion.Item value="shipping">
          <Accordion.Trigger>Shipping</Accordion.Trigger>
          <Accordion.Content>Takes three days</Accordion.Content>
        </Accordion.Item>
      </Accordion.Root>
    </section>
  );
}

createRoot(document.querySelector("#root")).render(
  <>
    <Menus />
    <Layers />
    <Fields />
    <Parts />
  </>,
);
offer({ truth: () => state });
