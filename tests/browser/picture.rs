//! Pictures of our own: harbours at some hour, drawn as PNG.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// A picture of this size; `seed` chooses hour and coast.
pub(crate) fn harbour(width: usize, height: usize, seed: u32) -> Vec<u8> {
    const SKIES: [([f32; 3], [f32; 3], [f32; 3]); 6] = [
        ([0.98, 0.78, 0.55], [0.35, 0.50, 0.68], [0.15, 0.25, 0.34]),
        ([0.80, 0.89, 0.94], [0.42, 0.66, 0.80], [0.20, 0.36, 0.40]),
        ([0.95, 0.60, 0.52], [0.36, 0.30, 0.50], [0.16, 0.14, 0.26]),
        ([0.92, 0.90, 0.80], [0.62, 0.74, 0.70], [0.30, 0.40, 0.34]),
        ([0.30, 0.40, 0.58], [0.07, 0.11, 0.22], [0.03, 0.05, 0.11]),
        ([0.97, 0.85, 0.72], [0.74, 0.62, 0.64], [0.36, 0.30, 0.36]),
    ];
    let (glow, sky, land) = SKIES[seed as usize % SKIES.len()];
    let mix = |a: [f32; 3], b: [f32; 3], t: f32| {
        [0, 1, 2].map(|c| a[c] + (b[c] - a[c]) * t.clamp(0.0, 1.0))
    };
    let phase = seed as f32 * 1.7;
    let (sun_x, sun_y) = (0.25 + 0.5 * ((phase * 0.37).sin() * 0.5 + 0.5), 0.36);
    let mut raw = Vec::with_capacity((width * 3 + 1) * height);
    for row in 0..height {
        raw.push(0);
        for column in 0..width {
            let (x, y) = (column as f32 / width as f32, row as f32 / height as f32);
            let horizon = 0.62;
            let hill = |base: f32, rise: f32, pace: f32| {
                base - rise
                    * ((x * pace + phase).sin() * 0.6 + (x * pace * 2.3 + phase * 2.0).sin() * 0.4)
            };
            let distance = ((x - sun_x) * width as f32 / height as f32).hypot(y - sun_y);
            let mut colour = mix(glow, sky, (1.0 - y / horizon).powf(0.8));
            if distance < 0.075 {
                colour = mix(colour, [1.0, 0.97, 0.88], 0.9);
            }
            if y > hill(0.56, 0.07, 5.0) {
                colour = mix(sky, land, 0.45);
            }
            if y > hill(0.60, 0.045, 8.0) {
                colour = mix(sky, land, 0.8);
            }
            if y > horizon {
                let depth = (y - horizon) / (1.0 - horizon);
                let ripple =
                    ((y * 150.0 / (0.3 + depth) + (x * 9.0 + phase).sin() * 2.0).sin() * 0.5 + 0.5)
                        * 0.10;
                colour = mix(mix(glow, sky, 0.35 + ripple), land, depth * 0.85);
                if (x - sun_x).abs() < 0.03 + 0.05 * depth {
                    colour = mix(colour, glow, 0.35 * (1.0 - depth) + ripple);
                }
            }
            raw.extend(colour.map(|part| (part.clamp(0.0, 1.0) * 255.0) as u8));
        }
    }
    png(width, height, &raw)
}

fn png(width: usize, height: usize, raw: &[u8]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = Vec::new();
    head.extend((width as u32).to_be_bytes());
    head.extend((height as u32).to_be_bytes());
    head.extend([8, 2, 0, 0, 0]);
    chunk(&mut out, b"IHDR", &head);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(raw).expect("memory");
    chunk(&mut out, b"IDAT", &encoder.finish().expect("memory"));
    chunk(&mut out, b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    out.extend((body.len() as u32).to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(body);
    out.extend(kind);
    out.extend(body);
    out.extend(crc.sum().to_be_bytes());
}
