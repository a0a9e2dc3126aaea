// The environment's part of an episode, put at the end of every page that is served: seeds the page's random numbers and
// starts as the benchmark's own driver does, and tells the local server what the page awarded. It does nothing that
// helps to solve a task. The page's time limit is put off and told instead, so that a slow machine changes no result.
(() => {
  const given = new URLSearchParams(location.search);
  const tell = (what) =>
    fetch(`/episodes/${given.get("episode")}`, { method: "POST", keepalive: true, body: JSON.stringify(what) });
  const end = core.endEpisode;
  let limit = 0;
  let told = false;

  core.endEpisode = function (...award) {
    end.apply(this, award);
    if (told || !WOB_DONE_GLOBAL) return;
    told = true;
    tell({ reward: WOB_RAW_REWARD_GLOBAL, elapsed_ms: Date.now() - core.ept0, limit_ms: limit });
  };

  // After the page's own onload, which was set earlier.
  addEventListener("load", () => {
    core.setDataMode("train");
    Math.seedrandom(Number(given.get("seed")));
    limit = core.EPISODE_MAX_TIME;
    core.EPISODE_MAX_TIME = 600000;
    core.startEpisodeReal();
    // Some pages give the instruction with its parts beside it.
    const instruction = core.getUtterance();
    tell({ started: true, instruction: instruction.utterance ?? instruction });
  });
})();
