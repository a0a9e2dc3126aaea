// Gives the documents of a background tab the frames that Chrome does not give them. While a tab is hidden,
// requestAnimationFrame, ResizeObserver and IntersectionObserver never call back, so pages that lay themselves out, measure
// or load by them stand still (JupyterLab, React Flow, endless lists), and animations stay at their first picture: a message
// that slides in is outside of the window for ever. This script keeps what the page waits for, and does it
// when the engine calls for a frame (hidden_frames.ts); while the tab is shown it leaves all of it to Chrome.
//
// It runs in the page's own world, as a script of its own (entrypoints/kept_frames.ts). What the page sees are its own functions
// and classes, by proxies of them.

import { FRAME_EVENT, PRESENCE_EVENT } from "./kept_frames_event";

/** More animations than this are left alone. */
const MANY_ANIMATIONS = 200;

/** Keeps from now on what the page of this document wants to be called for. */
export function keepFrames(): void {
  const view = window;
  const page = document;
  const { apply, construct } = Reflect;
  const clock = view.performance;
  const { now } = clock;
  const styleOf = view.getComputedStyle;
  const boxOf = Element.prototype.getBoundingClientRect;
  const parentOf = Object.getOwnPropertyDescriptor(Node.prototype, "parentNode")?.get as () => Node | null;
  const isThere = Object.getOwnPropertyDescriptor(Node.prototype, "isConnected")?.get as () => boolean;
  const isHidden = Object.getOwnPropertyDescriptor(Document.prototype, "hidden")?.get as () => boolean;
  const presence = new Event(PRESENCE_EVENT, { cancelable: true });
  if (!view.dispatchEvent(presence)) return;
  view.addEventListener(PRESENCE_EVENT, (event) => event.preventDefault());
  const isNative = (of: unknown): boolean => /\[native code\]/.test(apply(Function.prototype.toString, of, []));
  const replace = (of: object, key: string, trap: ProxyHandler<never>): boolean => {
    const owned = Object.getOwnPropertyDescriptor(of, key);
    // What a page has put in its place is the page's own, and works with what is below it.
    if (typeof owned?.value !== "function" || !owned.configurable || !isNative(owned.value)) return false;
    Object.defineProperty(of, key, { ...owned, value: new Proxy(owned.value, trap) });
    return true;
  };
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (thrown) {
      view.reportError(thrown);
    }
  };

  // Frames. The page gets Chrome's own numbers; what is done early is taken off Chrome's list.
  const waiting = new Map<number, FrameRequestCallback>();
  const cancel = view.cancelAnimationFrame;
  replace(view, "requestAnimationFrame", {
    apply(target: typeof requestAnimationFrame, _self: unknown, args: [FrameRequestCallback]) {
      const [callback] = args;
      if (typeof callback !== "function") return apply(target, view, args);
      const id = apply(target, view, [
        (time: number) => {
          if (waiting.delete(id)) callback(time);
        },
      ]);
      waiting.set(id, callback);
      return id;
    },
  } as ProxyHandler<never>);
  replace(view, "cancelAnimationFrame", {
    apply(target: typeof cancelAnimationFrame, _self: unknown, args: [number]) {
      waiting.delete(args[0]);
      return apply(target, view, args);
    },
  } as ProxyHandler<never>);
  const runFrames = (): boolean => {
    const due = [...waiting];
    for (const [id, callback] of due) {
      // An earlier one of this frame may have cancelled it.
      if (!waiting.delete(id)) continue;
      apply(cancel, view, [id]);
      attempt(() => callback(apply(now, clock, [])));
    }
    return due.length > 0;
  };

  // Observers. What was told last is kept with each target, so that a change is told once.
  interface Kept<Observer, Entry, Last> {
    readonly observer: Observer;
    readonly call: (entries: Entry[], observer: Observer) => void;
    readonly targets: Map<Element, Last | undefined>;
    readonly box: string;
  }
  const watch = <Observer extends object, Entry extends { target: Element }, Last>(
    key: "ResizeObserver" | "IntersectionObserver",
    lastOf: (entry: Entry) => Last,
    look: (kept: Kept<Observer, Entry, Last>, target: Element, last: Last | undefined) => Entry | null,
  ): (() => boolean) => {
    type Known = Kept<Observer, Entry, Last>;
    const byObserver = new WeakMap<object, Known>();
    // Weakly: an observer that a page has let go of is not kept alive by being known here.
    let all: WeakRef<Known>[] = [];
    const Class = (view as unknown as Record<string, { prototype: object } | undefined>)[key];
    if (Class === undefined || !isNative(Class)) return () => false;
    const { prototype } = Class;
    replace(view, key, {
      construct(target: new (...given: unknown[]) => Observer, args: unknown[], newTarget: new () => Observer) {
        const [callback, ...rest] = args;
        if (typeof callback !== "function") return construct(target, args, newTarget);
        const call = (entries: Entry[], observer: Observer): void =>
          void apply(callback, observer, [entries, observer]);
        const told = (entries: Entry[], observer: Observer): void => {
          const known = byObserver.get(observer);
          for (const entry of entries) {
            if (known?.targets.has(entry.target)) known.targets.set(entry.target, lastOf(entry));
          }
          call(entries, observer);
        };
        const observer: Observer = construct(target, [told, ...rest], newTarget);
        const known: Known = { observer, call, targets: new Map(), box: "" };
        byObserver.set(observer, known);
        all.push(new WeakRef(known));
        return observer;
      },
    } as ProxyHandler<never>);
    const follow = (method: string, note: (known: Known, target: Element) => void): void => {
      replace(prototype, method, {
        apply(target: (...given: unknown[]) => unknown, self: object, args: [Element]) {
          const result = apply(target, self, args);
          const known = byObserver.get(self);
          if (known !== undefined) note(known, args[0]);
          return result;
        },
      } as ProxyHandler<never>);
    };
    follow("observe", (known, target) => void known.targets.set(target, undefined));
    follow("unobserve", (known, target) => void known.targets.delete(target));
    follow("disconnect", (known) => known.targets.clear());
    return () => {
      let any = false;
      all = all.filter((one) => one.deref() !== undefined);
      for (const one of all) {
        const known = one.deref();
        if (known === undefined) continue;
        const entries: Entry[] = [];
        for (const [target, last] of known.targets) {
          const entry = look(known, target, last);
          if (entry === null) continue;
          known.targets.set(target, lastOf(entry));
          entries.push(entry);
        }
        if (entries.length === 0) continue;
        any = true;
        attempt(() => known.call(entries, known.observer));
      }
      return any;
    };
  };

  /** What an observer tells; Chrome lets nobody else make one. */
  const entryOf = <Entry>(prototype: Entry, fields: Partial<Entry>): Entry => {
    const entry = Object.create(prototype as object) as Entry;
    for (const [key, value] of Object.entries(fields)) Object.defineProperty(entry, key, { value, enumerable: true });
    return entry;
  };
  const number = (text: string): number => Number.parseFloat(text) || 0;
  const runResizes = watch<ResizeObserver, ResizeObserverEntry, string>(
    "ResizeObserver",
    ({ contentRect, borderBoxSize: [border] }) =>
      `${contentRect.width} ${contentRect.height} ${border?.inlineSize} ${border?.blockSize}`,
    (_known, target, last) => {
      const style = styleOf(target);
      let { left, top, right, bottom } = { left: 0, top: 0, right: 0, bottom: 0 };
      let [width, height] = [0, 0];
      if (target instanceof SVGGraphicsElement && !(target instanceof SVGSVGElement)) {
        ({ width, height } = target.getBBox());
      } else if (apply(isThere, target, []) && style.display !== "none" && style.width !== "auto") {
        left = number(style.paddingLeft);
        top = number(style.paddingTop);
        right = number(style.paddingRight);
        bottom = number(style.paddingBottom);
        [width, height] = [number(style.width), number(style.height)];
      }
      const edgeX = left + right + number(style.borderLeftWidth) + number(style.borderRightWidth);
      const edgeY = top + bottom + number(style.borderTopWidth) + number(style.borderBottomWidth);
      if (style.boxSizing === "border-box") [width, height] = [Math.max(0, width - edgeX), Math.max(0, height - edgeY)];
      const size = (w: number, h: number) => {
        const upright = !style.writingMode.startsWith("vertical");
        return [{ inlineSize: upright ? w : h, blockSize: upright ? h : w }];
      };
      const none = width === 0 && height === 0 && edgeX === 0 && edgeY === 0;
      const scale = view.devicePixelRatio;
      const fields = {
        target,
        contentRect: new DOMRectReadOnly(left, top, width, height),
        contentBoxSize: size(width, height),
        borderBoxSize: none ? size(0, 0) : size(width + edgeX, height + edgeY),
        devicePixelContentBoxSize: size(Math.round(width * scale), Math.round(height * scale)),
      };
      const told = `${width} ${height} ${fields.borderBoxSize[0]?.inlineSize} ${fields.borderBoxSize[0]?.blockSize}`;
      if (told === last || (last === undefined && none)) return null;
      return entryOf(ResizeObserverEntry.prototype, fields);
    },
  );

  /** How much of a box is left of another one, or nothing if they do not touch. */
  const shared = (a: DOMRectReadOnly, b: DOMRectReadOnly): DOMRectReadOnly | null => {
    const left = Math.max(a.left, b.left);
    const top = Math.max(a.top, b.top);
    const width = Math.min(a.right, b.right) - left;
    const height = Math.min(a.bottom, b.bottom) - top;
    return width < 0 || height < 0 ? null : new DOMRectReadOnly(left, top, width, height);
  };
  const grown = (box: DOMRectReadOnly, margins: string): DOMRectReadOnly => {
    const [top = 0, right = 0, bottom = 0, left = 0] = margins
      .split(" ")
      .map((text, side) => number(text) * (text.endsWith("%") ? (side % 2 === 0 ? box.height : box.width) / 100 : 1));
    return new DOMRectReadOnly(box.x - left, box.y - top, box.width + left + right, box.height + top + bottom);
  };
  const runIntersections = watch<IntersectionObserver, IntersectionObserverEntry, string>(
    "IntersectionObserver",
    ({ isIntersecting, intersectionRatio }) => `${isIntersecting} ${intersectionRatio}`,
    ({ observer }, target, last) => {
      const root = observer.root instanceof Element ? observer.root : null;
      const base =
        root === null ? new DOMRectReadOnly(0, 0, view.innerWidth, view.innerHeight) : apply(boxOf, root, []);
      const rootBounds = grown(base, observer.rootMargin);
      const box = apply(boxOf, target, []);
      let seen: DOMRectReadOnly | null = apply(isThere, target, []) ? box : null;
      if (seen !== null && box.width === 0 && box.height === 0 && styleOf(target).display === "none") seen = null;
      let around: Node | null = apply(parentOf, target, []);
      for (; seen !== null && around !== null && around !== root; around = apply(parentOf, around, [])) {
        if (around instanceof ShadowRoot) around = around.host;
        if (!(around instanceof Element) || around === page.body || around === page.documentElement) continue;
        if (styleOf(around).overflow !== "visible") seen = shared(seen, apply(boxOf, around, []));
      }
      if (seen !== null) seen = shared(seen, rootBounds);
      const area = box.width * box.height;
      const ratio = seen === null ? 0 : area === 0 ? 1 : (seen.width * seen.height) / area;
      const step = observer.thresholds.filter((one) => ratio >= one).length;
      const [wasSeen, before] = (last ?? " ").split(" ");
      const stepBefore = observer.thresholds.filter((one) => Number(before) >= one).length;
      if (last !== undefined && wasSeen === String(seen !== null) && step === stepBefore) return null;
      const fields = {
        time: apply(now, clock, []),
        rootBounds,
        boundingClientRect: box,
        intersectionRect: seen ?? new DOMRectReadOnly(),
        isIntersecting: seen !== null,
        intersectionRatio: ratio,
        target,
      };
      return entryOf(IntersectionObserverEntry.prototype, fields);
    },
  );

  // Animations. They are not moved from picture to picture, only brought to their end when their time is over.
  const standing = new WeakMap<Animation, number>();
  const remaining = ({ playState, playbackRate, currentTime, effect, timeline }: Animation): number | null => {
    // What a scroller drives stands where the scroller stands.
    if (playState !== "running" || playbackRate <= 0 || effect === null || timeline !== page.timeline) return null;
    const end = Number(effect.getComputedTiming().endTime);
    return Number.isFinite(end) ? Math.max(0, (end - Number(currentTime ?? 0)) / playbackRate) : null;
  };
  const tellEnd = (animation: Animation): void => {
    const { target, pseudoElement } = animation.effect as KeyframeEffect;
    if (target === null || pseudoElement !== null) return;
    const elapsedTime = Number(animation.effect?.getComputedTiming().activeDuration ?? 0) / 1000;
    if (animation instanceof CSSTransition) {
      const propertyName = animation.transitionProperty;
      target.dispatchEvent(new TransitionEvent("transitionend", { bubbles: true, propertyName, elapsedTime }));
    } else if (animation instanceof CSSAnimation) {
      const { animationName } = animation;
      target.dispatchEvent(new AnimationEvent("animationend", { bubbles: true, animationName, elapsedTime }));
    }
  };
  const endAnimations = (): boolean => {
    const animations = page.getAnimations();
    if (animations.length > MANY_ANIMATIONS) return false;
    const time = apply(now, clock, []);
    let any = false;
    for (const animation of animations) {
      const left = remaining(animation);
      if (left === null) continue;
      const since = standing.get(animation) ?? time;
      standing.set(animation, since);
      if (time - since < left) continue;
      standing.delete(animation);
      attempt(() => {
        animation.finish();
        tellEnd(animation);
      });
      any = true;
    }
    return any;
  };

  view.addEventListener(FRAME_EVENT, (event) => {
    event.stopImmediatePropagation();
    if (!apply(isHidden, page, [])) return;
    // In Chrome's order: frames, then sizes, then what can be seen.
    const framed = runFrames();
    const resized = runResizes();
    const shown = runIntersections();
    const ended = endAnimations();
    if (framed || resized || shown || ended) event.preventDefault();
  });
}
