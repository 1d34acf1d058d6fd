// The waveform: heights from the server, or from the audio itself, drawn as bars.

const DECODED_S = 1_800; // longer ones would take too much of a phone's memory
const HEARD_HZ = 8_000;
const COLUMNS = 1_200;

// Heights from 0 to 1 of the audio at an address; null where it is too long to look at.
export async function heightsOf(url, duration_s, signal) {
  if (!(duration_s < DECODED_S)) return null;
  const reply = await fetch(url, { signal });
  if (!reply.ok) return null;
  const heard = await new OfflineAudioContext(1, 1, HEARD_HZ).decodeAudioData(await reply.arrayBuffer());
  const samples = heard.getChannelData(0);
  const step = samples.length / COLUMNS;
  return Array.from({ length: COLUMNS }, (_, column) => {
    let highest = 0;
    const end = Math.min(samples.length, Math.floor((column + 1) * step));
    for (let i = Math.floor(column * step); i < end; i += 1) highest = Math.max(highest, Math.abs(samples[i]));
    return highest;
  });
}

export function draw(canvas, heights, share, marks) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = Math.min(devicePixelRatio || 1, 3);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (!w || !h) return;
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const [heard, ahead] = [style.getPropertyValue("--heard").trim(), style.getPropertyValue("--ahead").trim()];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const [bar, step] = [3, 5];
  const bars = Math.floor((width + step - bar) / step);
  for (let i = 0; i < bars; i += 1) {
    const tall = Math.max(bar, height * 0.94 * level(heights, i / bars, (i + 1) / bars));
    pen.fillStyle = (i + 0.5) / bars <= share ? heard : ahead;
    pen.beginPath();
    pen.roundRect(i * step, (height - tall) / 2, bar, tall, bar / 2);
    pen.fill();
  }
  pen.fillStyle = heard;
  for (const mark of marks) if (mark > 0.002) pen.fillRect(mark * width - 0.75, 0, 1.5, height);
}

// Half the highest, half the mean: pauses stay pauses, and a single click is no tower.
function level(heights, from, to) {
  if (!heights?.length) return 0;
  const begin = Math.floor(from * heights.length);
  const part = heights.slice(begin, Math.max(begin + 1, Math.floor(to * heights.length)));
  const mean = part.reduce((sum, height) => sum + height, 0) / part.length;
  return ((Math.max(...part) + mean) / 2) ** 0.7;
}
