// Finds what is in the page, with what is remembered of the last time: forgets what has changed without a trace, walks what is
// not remembered, sees if what is remembered is still where it was, and if not so, walks again.

import { PageMemory } from "./index_memory";
import { Places } from "./index_places";
import { Watch } from "./index_watch";
import type { Findings } from "./item";
import { Surroundings } from "./surroundings";
import { type WalkOptions, walk } from "./walk";

/** So many elements are asked at each take whether they have got a shadow root; of more, a part. */
const MANY_HOSTS = 1_500;
const HOSTS_A_TAKE = 400;

/** What is in the page. */
export interface Found {
  readonly found: Findings;
  /** By these elements others are told, and now otherwise than before. */
  readonly changed: ReadonlySet<Element>;
  /** Some of what was remembered has been found elsewhere. */
  readonly isMoved: boolean;
}

/** What is known of one document from take to take, for one way of asking. */
export class PageIndex {
  readonly memory = new PageMemory();
  readonly around = new Surroundings(this.memory);
  private readonly placing = new Places();
  private nextHost = 0;
  private active: Element | null = null;
  private clips: boolean | undefined;
  private modal: Element | null = null;
  private size = "";
  private isLimited = false;

  /** Finds what is in the page. `follow` has forgotten what refers to what has been forgotten. */
  find(options: WalkOptions, active: Element | null, follow: (memory: PageMemory) => void): Found {
    const { memory, around } = this;
    around.beginTake();
    this.forgetOthers(options);
    this.forgetTraceless(active);
    follow(memory);
    const isElsewhere = this.placing.beginTake() || this.hasOtherSize();
    memory.beginWalk();
    let found = walk({ ...options, memory });
    const isMoved = this.placing.check(found, isElsewhere || options.region !== null, options.view, memory);
    if (isMoved) {
      for (const watched of found.watched)
        if (watched.why === Watch.Size && watched.differs) memory.forget(watched.element);
      memory.beginWalk();
      found = walk({ ...options, memory });
    }
    const changed = around.changed(memory.touched, found.headings);
    memory.endTake();
    memory.watched = found.watched;
    memory.hosts = found.hosts;
    this.isLimited = found.isLimited;
    return { found, changed, isMoved };
  }

  private forgetOthers({ modal, clips }: WalkOptions): void {
    if (clips !== this.clips || modal !== this.modal || this.isLimited) this.memory.forgetAll();
    this.clips = clips;
    this.modal = modal;
  }

  /** In long pages a part of the possible hosts each time: that an element gets a root long after it was made is rare. */
  private forgetHosts(): void {
    const { hosts } = this.memory;
    const count = hosts.length <= MANY_HOSTS ? hosts.length : HOSTS_A_TAKE;
    for (let left = count; left > 0; left--) {
      this.nextHost = (this.nextHost + 1) % hosts.length;
      const host = hosts[this.nextHost];
      if (host?.differs === true) this.memory.forgetBelow(host.element);
    }
  }

  private forgetTraceless(active: Element | null): void {
    this.forgetHosts();
    for (const watched of this.memory.watched)
      if (watched.why !== Watch.Size && watched.differs) this.memory.forget(watched.element);
    if (active === this.active) return;
    for (const element of [active, this.active]) if (element !== null) this.memory.forget(element);
    this.active = active;
  }

  private hasOtherSize(): boolean {
    const before = this.size;
    const { scrollWidth, scrollHeight } = document.scrollingElement ?? document.documentElement;
    this.size = `${scrollWidth} ${scrollHeight}`;
    return before !== this.size;
  }
}
