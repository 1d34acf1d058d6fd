"""How many words Whisper understands in each offered voice of Kokoro.

    python -m bench.intelligibility WHISPER_FOLDER LANGUAGE... [--sentences 20] [--voices 5]

It needs `faster-whisper` with a model in a folder (of English, or of many languages), and the
voices (`mixer voices install`). Words are compared after case and marks are gone; a word is right
if it stands in the alignment of what was written and what was transcribed. The sentences are ours.
"""

import argparse
import difflib
import io
import os
import re
import time
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from mixer.speech import SpeechEngine, Voice, VoiceSettings
from mixer.speech.embedded.kokoro import KokoroEngine, find_voice_folder

SENTENCES = {
    "en": (
        "The lamp in the hall had burned all night, and no one knew who had lit it.",
        "She folded the letter twice and put it under the blue teapot.",
        "By the time the rain stopped, the children had built a bridge of old doors.",
        "My uncle keeps his bees behind the church, where the wind cannot reach them.",
        "Please turn left at the mill and follow the river until you see the tower.",
        "He laughed, shook his head, and ordered another plate of soup.",
        "The doctor thought that the cough would pass before the end of the week.",
        "In winter the ferry runs only once a day, early in the morning.",
        "Every page of the book smelled of smoke and oranges.",
        "Nothing moved in the garden except a single yellow leaf.",
        "The teacher drew a large circle and asked what was missing.",
        "They sold the piano, but they kept the stool and all of the music.",
        "A narrow path leads from the station down to the beach.",
        "We waited for an hour, and then the lights went out.",
        "Her brother repairs clocks that other people have given up.",
        "The bread was still warm when the guests sat down at the table.",
        "You may open the window if the noise does not trouble you.",
        "Thick clouds hid the mountain, and the climbers turned back.",
        "The old sailor counted his coins and paid for both of us.",
        "Tomorrow we will paint the fence green, as it used to be.",
    ),
    "es": (
        "La lámpara del pasillo estuvo encendida toda la noche.",
        "Ella dobló la carta y la puso debajo de la tetera azul.",
        "Cuando dejó de llover, los niños ya habían construido un puente.",
        "Mi tío guarda sus abejas detrás de la iglesia, lejos del viento.",
        "Gire a la izquierda en el molino y siga el río hasta la torre.",
        "El médico dijo que la tos pasaría antes del fin de semana.",
        "En invierno el barco sale una sola vez al día, muy temprano.",
        "Cada página del libro olía a humo y a naranjas.",
        "Nada se movía en el jardín, salvo una hoja amarilla.",
        "La maestra dibujó un círculo grande y preguntó qué faltaba.",
        "Vendieron el piano, pero guardaron toda la música.",
        "Un camino estrecho lleva de la estación a la playa.",
        "Esperamos una hora y después se apagaron las luces.",
        "Su hermano repara relojes que los demás dan por perdidos.",
        "El pan todavía estaba caliente cuando llegaron los invitados.",
        "Puede abrir la ventana si no le molesta el ruido.",
        "Las nubes ocultaban la montaña y tuvimos que volver.",
        "El viejo marinero contó sus monedas y pagó por los dos.",
        "Mañana pintaremos la puerta de verde, como antes.",
        "Nadie supo quién había dejado las flores en la mesa.",
    ),
    "fr": (
        "La lampe du couloir est restée allumée toute la nuit.",
        "Elle a plié la lettre et l'a mise sous la théière bleue.",
        "Quand la pluie a cessé, les enfants avaient construit un pont.",
        "Mon oncle garde ses abeilles derrière l'église, loin du vent.",
        "Tournez à gauche au moulin et suivez la rivière jusqu'à la tour.",
        "Le médecin a dit que la toux passerait avant la fin de la semaine.",
        "En hiver, le bateau part une seule fois par jour, très tôt.",
        "Chaque page du livre sentait la fumée et les oranges.",
        "Rien ne bougeait dans le jardin, sauf une feuille jaune.",
        "La maîtresse a dessiné un grand cercle et demandé ce qui manquait.",
        "Ils ont vendu le piano, mais ils ont gardé toute la musique.",
        "Un chemin étroit mène de la gare à la plage.",
        "Nous avons attendu une heure, puis les lumières se sont éteintes.",
        "Son frère répare des horloges que les autres abandonnent.",
        "Le pain était encore chaud quand les invités sont arrivés.",
        "Vous pouvez ouvrir la fenêtre si le bruit ne vous gêne pas.",
        "Les nuages cachaient la montagne et nous avons fait demi-tour.",
        "Le vieux marin a compté ses pièces et payé pour nous deux.",
        "Demain, nous allons peindre la porte en vert, comme avant.",
        "Personne ne savait qui avait laissé des fleurs sur la table.",
    ),
    "it": (
        "La lampada del corridoio è rimasta accesa tutta la notte.",
        "Lei ha piegato la lettera e l'ha messa sotto la teiera blu.",
        "Quando ha smesso di piovere, i bambini avevano costruito un ponte.",
        "Mio zio tiene le api dietro la chiesa, lontano dal vento.",
        "Giri a sinistra al mulino e segua il fiume fino alla torre.",
        "Il medico ha detto che la tosse passerà prima della fine della settimana.",
        "In inverno la barca parte una sola volta al giorno, molto presto.",
        "Ogni pagina del libro profumava di fumo e di arance.",
        "Nulla si muoveva nel giardino, tranne una foglia gialla.",
        "La maestra ha disegnato un grande cerchio e ha chiesto cosa mancava.",
        "Hanno venduto il pianoforte, ma hanno tenuto tutta la musica.",
        "Un sentiero stretto porta dalla stazione alla spiaggia.",
        "Abbiamo aspettato un'ora e poi si sono spente le luci.",
        "Suo fratello ripara orologi che gli altri buttano via.",
        "Il pane era ancora caldo quando sono arrivati gli ospiti.",
        "Può aprire la finestra se il rumore non la disturba.",
        "Le nuvole nascondevano la montagna e siamo tornati indietro.",
        "Il vecchio marinaio ha contato le monete e ha pagato per tutti e due.",
        "Domani dipingeremo la porta di verde, come una volta.",
        "Nessuno sapeva chi avesse lasciato i fiori sul tavolo.",
    ),
    "pt": (
        "A lâmpada do corredor ficou acesa a noite inteira.",
        "Ela dobrou a carta e a colocou debaixo do bule azul.",
        "Quando a chuva parou, as crianças já tinham construído uma ponte.",
        "Meu tio guarda as abelhas atrás da igreja, longe do vento.",
        "Vire à esquerda no moinho e siga o rio até a torre.",
        "O médico disse que a tosse passaria antes do fim da semana.",
        "No inverno o barco sai uma única vez por dia, bem cedo.",
        "Cada página do livro cheirava a fumaça e a laranjas.",
        "Nada se mexia no jardim, a não ser uma folha amarela.",
        "A professora desenhou um grande círculo e perguntou o que faltava.",
        "Eles venderam o piano, mas guardaram todas as músicas.",
        "Um caminho estreito leva da estação até a praia.",
        "Esperamos uma hora e depois as luzes se apagaram.",
        "O irmão dela conserta relógios que os outros jogam fora.",
        "O pão ainda estava quente quando os convidados chegaram.",
        "Você pode abrir a janela se o barulho não incomodar.",
        "As nuvens escondiam a montanha e nós voltamos para trás.",
        "O velho marinheiro contou as moedas e pagou por nós dois.",
        "Amanhã vamos pintar a porta de verde, como era antes.",
        "Ninguém sabia quem tinha deixado as flores na mesa.",
    ),
}
"""By language, with no figures in them, which may be written in two ways."""


def main() -> None:
    """Print one line for each voice, and one for each language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("whisper", type=Path)
    parser.add_argument("languages", nargs="+", choices=SENTENCES)
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--voices", type=int, default=5)
    options = parser.parse_args()
    with closing(KokoroEngine(find_voice_folder(os.environ), parallelism=1)) as engine:
        for language in options.languages:
            measure_language(engine, options.whisper, language, options)


def measure_language(
    engine: SpeechEngine, whisper: Path, language: str, options: argparse.Namespace
) -> None:
    """Measure the best voices of a language."""
    from faster_whisper import WhisperModel

    listener = WhisperModel(str(whisper), device="cpu", compute_type="int8", cpu_threads=1)
    voices = [each for each in engine.voices() if each.language.startswith(language)]
    right = total = 0
    for voice in voices[: options.voices]:
        started_s = time.process_time()
        counts = [
            count_words_right(engine, listener, voice, sentence)
            for sentence in SENTENCES[language][: options.sentences]
        ]
        voice_right, voice_total = (sum(each) for each in zip(*counts, strict=True))
        right, total = right + voice_right, total + voice_total
        print(
            f"{voice.id:12} {voice_right}/{voice_total} words = {voice_right / voice_total:.1%}, "
            f"{len(counts)} sentences, {time.process_time() - started_s:.0f} CPU s to listen",
            flush=True,
        )
    print(f"{language}: {right}/{total} words = {right / total:.1%}", flush=True)


def count_words_right(
    engine: SpeechEngine,
    listener: Any,  # noqa: ANN401 - of faster-whisper, which has no types
    voice: Voice,
    sentence: str,
) -> tuple[int, int]:
    """The words of a sentence that were understood, and all of them."""
    speech = engine.synthesize(
        f"<speak><s>{escape(sentence)}</s></speak>", VoiceSettings(voice.id, voice.engines[0])
    )
    language = voice.language.partition("-")[0]
    transcript, _ = listener.transcribe(io.BytesIO(speech.audio), language=language, beam_size=5)
    written_words = list(split_words(sentence))
    found_words = list(split_words(" ".join(each.text for each in transcript)))
    matcher = difflib.SequenceMatcher(None, written_words, found_words, autojunk=False)
    right = sum(block.size for block in matcher.get_matching_blocks())
    if right < len(written_words):
        print(f"  {voice.id}: {' '.join(written_words)} | {' '.join(found_words)}", flush=True)
    return right, len(written_words)


def split_words(text: str) -> Iterator[str]:
    """Words in lower case, without marks."""
    folded = unicodedata.normalize("NFC", text.casefold()).replace("’", "'")
    yield from re.findall(r"[^\W_]+", folded)


if __name__ == "__main__":
    main()
