//! The page's engine on this machine, to compare a browser's with: `native FORMAT MATRIX IS_FULL PRIMARIES SIZE WIDTH
//! HEIGHT TEXT` reads a picture, whose planes lie without gaps, from standard input, and writes to standard output the
//! entries of the lattice and the picture as it comes out of it.

use std::io::{self, Read, Write};

use colorshine_web::frames::Places;
use colorshine_web::looks::{Prepared, Settings};
use colorshine_web::stream::Stream;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [numbers @ .., text] = &arguments[..] else { return Err("a text is missing".into()) };
    let numbers = numbers.iter().map(|number| number.parse()).collect::<Result<Vec<u32>, _>>()?;
    let [format, matrix, is_full, primaries, size, width, height] = numbers[..] else {
        return Err("seven numbers are expected".into());
    };
    let stream = Stream::new(format, matrix, is_full != 0, primaries).ok_or("unknown format")?;
    let settings = Settings::new(0b111, 0, 0, 0, 0).ok_or("unknown settings")?;
    let mut look = Prepared::new(text, settings)?;
    let (request, baked) = look.bake(&stream, (size > 0).then_some(size as usize));
    let lattice = baked.lattice.as_ref().ok_or("no lattice")?;
    let places = Places::new(&stream, [width as usize, height as usize]).ok_or("bad size")?;
    let mut picture = Vec::new();
    io::stdin().read_to_end(&mut picture)?;
    places.apply(request, baked, &mut picture)?;
    let mut output = io::stdout().lock();
    for entry in lattice.entries().as_flattened() {
        output.write_all(&entry.to_le_bytes())?;
    }
    output.write_all(&picture)?;
    Ok(())
}
