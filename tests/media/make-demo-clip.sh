#!/bin/sh
# Makes demo.mp4, the clip that `make demo` recolours, from three photographs (see README.md beside
# this script): three slow camera moves with a hard cut between them.
#
#     make-demo-clip.sh FOLDER [OUTPUT]
#
# FOLDER holds rocket.jpg, coffee.png and astronaut.png; OUTPUT is demo.mp4 beside this script if left
# out. Needs ffmpeg with libx264.
set -eu

folder=${1:?"usage: $0 FOLDER [OUTPUT]"}
output=${2:-$(dirname "$0")/demo.mp4}

rate=25
frames=50 # of each shot

# zoompan moves by whole pixels of its input: enlarging the picture first makes the motion smooth.
# $1: crop with the clip's shape; $2, $3, $4: zoom, x and y as zoompan's expressions of the frame `on`.
move() {
    echo "crop=$1,scale=3840:2160:flags=lanczos,zoompan=z='$2':x='$3':y='$4'\
:d=$frames:s=640x360:fps=$rate,setsar=1"
}

last=$((frames - 1))
rocket=$(move 640:360:0:67 "1+0.3*on/$last" "(iw-iw/zoom)/2" "(ih-ih/zoom)*0.75")
coffee=$(move 600:338:0:20 "1.25" "(iw-iw/zoom)*on/$last" "(ih-ih/zoom)*0.3")
astronaut=$(move 512:288:0:6 "1.3-0.3*on/$last" "(iw-iw/zoom)*0.35" "(ih-ih/zoom)*0.2")

for name in rocket.jpg coffee.png astronaut.png; do
    if [ ! -r "$folder/$name" ]; then
        echo "$0: $folder has no $name" >&2
        exit 1
    fi
done

ffmpeg -v error -y -bitexact \
    -i "$folder/rocket.jpg" -i "$folder/coffee.png" -i "$folder/astronaut.png" \
    -filter_complex "[0:v]$rocket[a];[1:v]$coffee[b];[2:v]$astronaut[c];\
[a][b][c]concat=n=3:v=1:a=0,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p[v]" \
    -map "[v]" -c:v libx264 -preset veryslow -crf 23 -g 50 -threads 1 \
    -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv \
    -movflags +faststart "$output"
