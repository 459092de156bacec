// What surrounds a video: go on where one was, play only what the painted bar does not show as watched.
for (const root of document.querySelectorAll("[data-watch]")) {
  const video = root.querySelector("video, audio");
  const bar = root.querySelector("[data-bar]");
  const resume = root.querySelector("[data-resume]");
  const gaps = root.querySelector("[data-gaps]");
  const end = Number(root.dataset.length);
  let onlyGaps = false;

  // The first second from `at` on that is not painted; stretches stand in order.
  const gap = (at) => [...bar.children].reduce((second, rect) => {
    const first = rect.x.baseVal.value;
    const after = first + rect.width.baseVal.value;
    return first <= second && second < after ? after : second;
  }, at);
  const play = (at, button) => {
    video.currentTime = at;
    video.play();
    button.hidden = true;
  };
  resume.hidden = !Number(root.dataset.position);
  resume.addEventListener("click", () => play(Number(root.dataset.position), resume));
  const offer = () => (gaps.hidden = onlyGaps || !bar.children.length || gap(0) >= end);
  offer();
  new MutationObserver(offer).observe(bar, { childList: true });
  // What the lesson's end says is missing follows what is said under the video.
  const words = root.querySelector("[data-words]");
  const todo = document.querySelector(`[data-todo="${root.dataset.activity}"]`);
  if (todo) new MutationObserver(() => {
    todo.hidden = words.classList.contains("ok");
    todo.querySelector("span").textContent = words.textContent;
  }).observe(words, { childList: true });
  video.addEventListener("playing", () => (resume.hidden = true));
  gaps.addEventListener("click", () => {
    onlyGaps = true;
    play(gap(0), gaps);
  });
  video.addEventListener("timeupdate", () => {
    const next = gap(Math.floor(video.currentTime));
    if (!onlyGaps || video.seeking || next < video.currentTime + 1) return;
    if (next < end) video.currentTime = next;
    else {
      onlyGaps = false;
      video.pause();
    }
  });
}
