// The waveform: draws heights as bars, and seeks.

export const normalise = (newHeights) => {
  const highest = Math.max(0.01, ...(newHeights ?? []));
  return newHeights?.map((height) => height / highest) ?? null;
};

export function drawWaveform(canvas, heights, share, marks) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = Math.min(devicePixelRatio || 1, 3);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (!w || !h) return;
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const [played, remaining] = [style.getPropertyValue("--played").trim(), style.getPropertyValue("--remaining").trim()];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const [bar, step] = [3, 5];
  const bars = Math.floor((width + step - bar) / step);
  for (let i = 0; i < bars; i += 1) {
    const size = Math.max(bar, height * 0.94 * barHeight(heights, i / bars, (i + 1) / bars));
    pen.fillStyle = (i + 0.5) / bars <= share ? played : remaining;
    pen.beginPath();
    pen.roundRect(i * step, (height - size) / 2, bar, size, bar / 2);
    pen.fill();
  }
  pen.fillStyle = played;
  for (const mark of marks) if (mark > 0.002) pen.fillRect(mark * width - 0.75, 0, 1.5, height);
}

// Averages maximum and mean: pauses stay visible, and a single click does not stand out.
function barHeight(heights, from, to) {
  if (!heights?.length) return 0;
  const begin = Math.floor(from * heights.length);
  const part = heights.slice(begin, Math.max(begin + 1, Math.floor(to * heights.length)));
  const mean = part.reduce((sum, height) => sum + height, 0) / part.length;
  return ((Math.max(...part) + mean) / 2) ** 0.7;
}

// Seeks by pointer and by key.
export function handleWaveform(canvas, { seek, togglePlayback, getNow_s, getDuration_s }) {
  canvas.addEventListener("keydown", (event) => {
    const now_s = getNow_s();
    const targets = {
      ArrowRight: now_s + 5, ArrowUp: now_s + 5, ArrowLeft: now_s - 5, ArrowDown: now_s - 5,
      PageUp: now_s + 30, PageDown: now_s - 30, Home: 0, End: getDuration_s(),
    };
    if (event.key === " " || event.key === "Enter") togglePlayback();
    else if (event.key in targets) seek(targets[event.key]);
    else return;
    event.preventDefault();
  });
  const seekToPointer = (event) => {
    const box = canvas.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * getDuration_s());
  };
  canvas.addEventListener("pointerdown", (event) => (canvas.setPointerCapture(event.pointerId), seekToPointer(event)));
  canvas.addEventListener("pointermove", (event) => canvas.hasPointerCapture(event.pointerId) && seekToPointer(event));
}
