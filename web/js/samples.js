/** Stories to begin with, written for this page. The first one is there when the page opens. */

export const SAMPLES = [
  {
    name: "The Lamp at Nine",
    text: `# The Lamp at Nine

Every evening at nine, old Mrs. Arden lit the lamp in her window, though the harbor had been empty for years.

“Whom is it for?” asked the boy from No. 7.

“For whoever is late,” she said.

One night in March the fog came in so thick that the town lost its own streets. Men walked with a hand on the wall. Dogs barked at their echoes. And at nine, as always, a small yellow light stood over the water.

Nobody saw the boat until it touched the pier. There were three people in it, wet to the bone, and a cat in a hatbox.

“We steered by your lamp,” said the youngest. “We had given up looking for one.”

Mrs. Arden put the kettle on. “You are late,” she said, and for the first time in years she turned the lamp down before going to bed.`,
  },
  {
    name: "The Fox Who Counted Stars",
    text: `# The Fox Who Counted Stars

A fox once decided to count the stars. She began at the edge of the wood, where there were few, and by midnight she had reached 412.

Then she sneezed, and lost her place.

She began again. By two o’clock she had reached 980… and a cloud moved. “Was that one twice?” she wondered.

## The Owl

“Why do you count them?” asked the owl.

“So that I know if one is missing.”

“And if one is?”

The fox thought about it for a long time. “Then somebody ought to have noticed,” she said, and began again.`,
  },
  {
    name: "News from the Weather Station",
    text: `Good morning. It is 6:30 a.m. on Tuesday, and this is the weather from the hill.

The wind comes from the northwest at about 15 km/h; it was calmer in the valley, as usual. We measured 4.2 °C at dawn, i.e. two degrees more than yesterday.

Rain? Not before noon. Then a little, then a lot.

Dr. Lind, who has kept these records since 1987, says the geese are early this year. She has no instrument for geese. She simply looks up.`,
  },
];
