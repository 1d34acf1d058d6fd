// Each speech call and option of OpenAI's SDK for JavaScript, and two providers of the AI SDK,
// against a running server: node javascript_calls.mjs URL TOKEN
import assert from "node:assert/strict";
import OpenAI from "openai";
import { createElevenLabs } from "@ai-sdk/elevenlabs";
import { createOpenAI } from "@ai-sdk/openai";
import { experimental_generateSpeech as generateSpeech } from "ai";

const [url, token] = process.argv.slice(2);
const input = "The lamp went out at nine.";
const base = { model: "tts-1", voice: "alloy", input };
const magic = { mp3: "fff3", opus: "4f676753", aac: "fff1", flac: "664c6143", wav: "52494646" };
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 });
const report = (call) => console.log(`openai (JavaScript): ${call}`);
const read = async (answer) => Buffer.from(await answer.arrayBuffer());

for (const [format, start] of Object.entries(magic)) {
  const sound = await read(await client.audio.speech.create({ ...base, response_format: format }));
  assert.equal(sound.subarray(0, start.length / 2).toString("hex"), start, format);
  report(`audio.speech.create ${format}`);
}
const whole = await read(await client.audio.speech.create({ ...base, response_format: "pcm" }));
const fast = { ...base, response_format: "pcm", speed: 2, instructions: "Warmly." };
assert.ok((await read(await client.audio.speech.create(fast))).length < 0.8 * whole.length);
report("speed, instructions");
const streamed = await client.audio.speech.create({ ...base, response_format: "pcm" });
const blocks = [];
for await (const block of streamed.body) blocks.push(block);
assert.deepEqual(Buffer.concat(blocks), whole);
report("a stream of the body");
const events = await (await client.audio.speech.create({ ...base, stream_format: "sse" })).text();
assert.match(events, /speech\.audio\.delta[^]*speech\.audio\.done/);
report("stream_format sse");
assert.ok((await client.models.list()).data.some((each) => each.id === "mixer"));
report("models.list");
await assert.rejects(client.audio.speech.create({ ...base, voice: "Zed" }), OpenAI.BadRequestError);
const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "wrong", maxRetries: 0 });
await assert.rejects(stranger.audio.speech.create(base), OpenAI.AuthenticationError);
report("BadRequestError, AuthenticationError");

const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: token });
// This provider has the address built in; its own option `fetch` leads elsewhere.
const send = (address, init) => fetch(address.replace("https://api.elevenlabs.io", url), init);
const elevenlabs = createElevenLabs({ apiKey: token, fetch: send });
for (const [name, model, voice] of [
  ["@ai-sdk/openai", openai.speech("tts-1"), "alloy"],
  ["@ai-sdk/elevenlabs", elevenlabs.speech("eleven_v3"), "Ada"],
]) {
  const { audio } = await generateSpeech({ model, voice, text: input });
  assert.ok(audio.uint8Array.length > 5000);
  console.log(`ai with ${name}: generateSpeech, ${audio.uint8Array.length} bytes`);
}
