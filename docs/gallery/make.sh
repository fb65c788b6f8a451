#!/bin/sh
# Makes the gallery's pictures anew, with the tool contact-sheet:
#
#     make.sh CONTACT-SHEET FOLDER
#
# FOLDER holds the photographs astronaut.png, chelsea.png, coffee.png and rocket.jpg; tests/media/README.md
# says where they come from. `make gallery PHOTOS=FOLDER` builds the tool and runs this.

set -eu
tool=$1
folder=$2
gallery=$(dirname "$0")

pair() {
    "$tool" "$folder/$2" "$gallery/$1.jpg" --look "$1" --columns 2 --width 280 --plain --quality 76
}

pair amber chelsea.png
pair faded-film astronaut.png
pair forest chelsea.png
pair fresh rocket.jpg
pair moonlight chelsea.png
pair neon astronaut.png
pair plum coffee.png
pair rose coffee.png
pair sepia rocket.jpg
pair silver chelsea.png
pair teal-dusk rocket.jpg
pair teal-orange astronaut.png
"$tool" "$folder/astronaut.png" "$gallery/all.jpg" --width 180 --columns 5 --quality 74
